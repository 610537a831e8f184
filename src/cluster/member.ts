/** One worker as the engine's process sees it: what it asks, what it has counted, and whether it is still there. */
import type { Counter } from "../engine/ports.ts";
import type { Limits } from "../limits.ts";
import { CounterServer } from "./counter-server.ts";
import { deferred } from "./deferred.ts";
import { frameOf, FrameKind } from "./framing.ts";
import { Link } from "./link.ts";
import { LinkFault } from "./link-fault.ts";
import {
  readNote,
  type Counts,
  type ListenFault,
  type NoteToEngine,
  type NoteToWorker,
  type Question,
  type Report,
  type Welcome,
} from "./notes.ts";
import type { Recruit } from "./recruit.ts";

/** Those who hear what a worker says. */
export interface MemberHooks {
  readonly counter: Counter;
  readonly limits: Limits["workers"];
  /** Its first answer of this turn is ready to be sent. */
  readonly gathered: () => void;
  readonly answer: (question: Question) => Promise<unknown>;
  readonly counted: (member: Member, counts: Counts) => void;
  /** Whole lines of its command log. */
  readonly lines: (lines: Buffer) => void;
  readonly remark: (message: string) => void;
  readonly warn: (message: string, figures: Readonly<Record<string, number>>) => void;
  readonly report: (message: string, detail: unknown) => void;
  /** Called once, when its process has ended and everything that it said has been heard. */
  readonly gone: (member: Member, why: string) => void;
}

export class Member {
  readonly incarnation: number;
  readonly #hooks: MemberHooks;
  readonly #recruit: Recruit;
  readonly #link: Link;
  readonly #counter: CounterServer;
  readonly #listening = deferred();
  readonly #closed = deferred();
  readonly #left = deferred();
  #reported: (() => void)[] = [];
  #report: Report = NOTHING_COUNTED;
  #silentTicks = 0;
  #why: string | null = null;

  constructor(incarnation: number, recruit: Recruit, hooks: MemberHooks) {
    this.incarnation = incarnation;
    this.#hooks = hooks;
    this.#recruit = recruit;
    this.#counter = new CounterServer(hooks.counter, hooks.gathered);
    const linkEnded = deferred();
    this.#link = new Link({
      socket: recruit.socket,
      limits: hooks.limits,
      take: (kind, body) => this.#take(kind, body),
      broken: (cause) => {
        if (cause !== null) hooks.report("the link to a worker broke, so the worker is replaced", cause);
        if (cause instanceof Error) this.#why ??= cause.message;
        // Without its link it serves nobody.
        recruit.kill();
        linkEnded.resolve();
      },
    });
    // A worker that fails to listen is asked about only while a start waits for it.
    this.#listening.promise.catch(() => {});
    void Promise.all([recruit.ended, linkEnded.promise]).then(([how]) => this.#end(how));
  }

  /** What it has counted, by its last report. */
  get figures(): Report {
    return this.#report;
  }

  get hasAnswers(): boolean {
    return this.#counter.hasAnswers;
  }

  /** Rejects with what the system said if it can't listen, and if it ends before. */
  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  /** Resolves when every command that it took has been heard, or it is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get left(): Promise<void> {
    return this.#left.promise;
  }

  welcome(welcome: Welcome): void {
    this.#link.send(frameOf(FrameKind.welcome, JSON.stringify({ type: "welcome", ...welcome })));
  }

  tell(note: NoteToWorker): void {
    this.#link.note(note);
  }

  /** @param publication what all workers are told, encoded; may be empty. */
  sendTurn(publication: Buffer): void {
    const frame = this.#counter.turn(publication);
    if (frame !== null) this.#link.send(frame);
  }

  /** Its figures of now; the ones that it had if it says nothing within the time. */
  async count(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      this.#reported.push(resolve);
      this.tell({ type: "tally" });
    });
    clearTimeout(timer);
  }

  /** One tick of the crew's clock; too many of them without a word, and it is taken for hung. */
  tick(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks > this.#hooks.limits.silentReports) this.kill("it said nothing for too long");
  }

  kill(why: string): void {
    this.#why ??= why;
    this.#recruit.kill();
  }

  #end(how: string): void {
    this.#link.destroy();
    const why = this.#why === null ? how : `${this.#why} (${how})`;
    this.#listening.reject(new Error(`a worker ended before it listened: ${why}`));
    this.#closed.resolve();
    this.#left.resolve();
    for (const resolve of this.#reported) resolve();
    this.#hooks.gone(this, why);
  }

  #take(kind: FrameKind, body: Buffer): void {
    if (kind === FrameKind.commands) this.#counter.take(body.toString());
    else if (kind === FrameKind.lines) this.#hooks.lines(Buffer.from(body));
    else if (kind === FrameKind.note) this.#hear(readNote(body.toString()) as NoteToEngine);
    else throw new LinkFault(`a worker sent a frame of kind ${kind}`);
  }

  #hear(note: NoteToEngine): void {
    const { counted, remark, warn, report } = this.#hooks;
    switch (note.type) {
      case "listening":
        this.#listening.resolve();
        return;
      case "failed":
        this.#why ??= note.fault.message;
        this.#listening.reject(listenError(note.fault));
        return;
      case "report":
        this.#silentTicks = 0;
        this.#report = note.report;
        for (const resolve of this.#reported.splice(0)) resolve();
        return;
      case "counts":
        counted(this, note.counts);
        return;
      case "ask":
        void this.#answer(note.id, note.question);
        return;
      case "fault":
        report(note.message, note.detail);
        return;
      case "remark":
        remark(note.message);
        return;
      case "warning":
        warn(note.message, note.figures);
        return;
      case "closed":
        this.#closed.resolve();
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    try {
      this.tell({ type: "told", id, value: await this.#hooks.answer(question) });
    } catch (cause) {
      this.tell({ type: "untold", id, message: cause instanceof Error ? cause.message : String(cause) });
    }
  }
}

export const NOTHING_COUNTED: Report = {
  subscribers: 0,
  webSockets: 0,
  tcp: 0,
  sockets: 0,
  deliveries: 0,
  deliveredBytes: 0,
  sessionFaults: 0,
  slowReaders: 0,
  refusedConnections: 0,
  droppedLogLines: 0,
  loopDelay: 0,
};

/** As the system's own error would look in this process. */
function listenError({ message, code, syscall, port }: ListenFault): Error {
  return Object.assign(new Error(message), { code, syscall, port });
}
