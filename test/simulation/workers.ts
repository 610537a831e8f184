/**
 * The server in processes: the real crew at the queue's end, and at the other end of a simulated pair of sockets what
 * src/remote-front.ts does, with the real link, the real counter and the simulated gateways. There is one worker at a
 * time, so that the commands of all connections have one order.
 */
import { Crew } from "../../src/cluster/crew.ts";
import { frameOf, FrameKind } from "../../src/cluster/framing.ts";
import { Link } from "../../src/cluster/link.ts";
import { readNote, type NoteToWorker, type Welcome } from "../../src/cluster/notes.ts";
import type { Recruit } from "../../src/cluster/recruit.ts";
import { RemoteCounter } from "../../src/cluster/remote-counter.ts";
import { readTurn, type Publication } from "../../src/cluster/turn-codec.ts";
import type { Answer } from "../../src/box-office/answer.ts";
import type { Counter, Envelope, Published } from "../../src/engine/ports.ts";
import type { Clerk } from "./clerk.ts";
import { Front } from "./front.ts";
import { SMALL_LIMITS } from "./limits.ts";
import { Pipe, type PipeEnd } from "./pipe.ts";
import type { ServerProcess } from "./process.ts";
import { ProcessTime } from "./timeline.ts";
import { broken } from "./violation.ts";

/** Of what a worker is told first, what it needs here; `told` is where the simulation's own account of it begins. */
type SimulatedWelcome = Pick<Welcome, "views" | "recent"> & { readonly told: number };

/** How long a worker takes between its last goodbye and its end. */
const LINGER_MS = 30;

export class Workers {
  readonly #server: ServerProcess;
  readonly #crew: Crew;
  #newest: SimulatedWorker | null = null;
  #count = 0;
  /** Number of the newest worker's next command to arrive. */
  #next = 0;
  /** When the queue last refused what a worker had taken. */
  fullAt = Number.NEGATIVE_INFINITY;

  constructor(server: ServerProcess, queue: Counter) {
    this.#server = server;
    const { world } = server;
    this.#crew = new Crew({
      size: 1,
      counter: this.#noticing(queue),
      limits: SMALL_LIMITS.workers,
      recentEvents: SMALL_LIMITS.hub.resumedNotices,
      ports: { http: 8080, tcp: 12_346 },
      recruit: () => this.#recruit(),
      welcome: () => ({ told: server.published }) as unknown as Welcome,
      answer: () => Promise.reject(new Error("nobody asks that here")),
      lines: () => undefined,
      remark: () => undefined,
      warn: () => world.count("workers replaced"),
      report: (message, detail) =>
        world.check(() =>
          broken(6, "link fault", `${message}: ${detail instanceof Error ? detail.message : ""}`),
        ),
      replaced: () => undefined,
      fail: (fault) => world.check(() => broken(6, "crew fault", fault.message)),
      monotonic: () => world.timeline.now,
      after: (ms, task) => world.timeline.after(ms, task),
    });
  }

  /** Where clients come in; null while there is nobody to receive them. */
  get front(): Front | null {
    return this.#newest?.front ?? null;
  }

  /** What the gateways ask. */
  get counter(): Counter | null {
    return this.#newest?.counter ?? null;
  }

  async start(): Promise<void> {
    await this.#crew.start();
    if (this.#server.phase === "over") void this.#crew.close();
  }

  publish(published: Published): void {
    this.#crew.publish(published);
  }

  /** The worker is killed; the crew makes another. */
  killWorker(): void {
    this.#newest?.kill("SIGKILL");
  }

  /** No more commands; resolves when those that were taken are in the queue. */
  close(): Promise<void> {
    return this.#crew.close();
  }

  goodbye(): Promise<void> {
    return this.#crew.goodbye();
  }

  /** The queue's process is gone, and nobody is left to serve. */
  end(): void {
    void this.#crew.close();
    this.#newest?.kill("the queue's process is gone");
  }

  assertSound(): void {
    this.#newest?.assertSound();
  }

  #recruit(): Recruit {
    const { world, number } = this.#server;
    this.#count += 1;
    const pipe = new Pipe(world.timeline, world.random(`pipe ${number} ${this.#count}`));
    const worker = new SimulatedWorker(this.#server, this.#count, pipe.right);
    this.#newest = worker;
    // It is made when everything of the one before it has arrived.
    this.#next = this.#server.clerk.count;
    return { socket: pipe.left, kill: () => worker.kill("killed"), ended: worker.ended };
  }

  #noticing(queue: Counter): Counter {
    const { world } = this.#server;
    const { timeline } = world;
    const clerk = (): Clerk => this.#server.clerk;
    return {
      submit: (envelope: Envelope, priority) => {
        const number = this.#next;
        this.#next += 1;
        world.check(() => clerk().arrived(number));
        const noticed = {
          command: envelope.command,
          reply: (answer: Answer) => {
            clerk().settled(number);
            envelope.reply(answer);
          },
        };
        const isTaken = queue.submit(noticed, priority);
        if (!isTaken) this.fullAt = timeline.now;
        return isTaken;
      },
      isFull: () => queue.isFull(),
      view: (sale) => queue.view(sale),
      views: () => queue.views(),
    };
  }
}

class SimulatedWorker {
  front: Front | null = null;
  counter: RemoteCounter | null = null;
  readonly ended: Promise<string>;
  readonly #server: ServerProcess;
  readonly #incarnation: number;
  readonly #pipe: PipeEnd;
  readonly #time: ProcessTime;
  readonly #link: Link;
  #isOver = false;
  /** Up to where everything has been published with the turn at hand. */
  #told = 0;
  #end: (how: string) => void = () => undefined;

  constructor(server: ServerProcess, incarnation: number, pipe: PipeEnd) {
    const { timeline, wall, plan } = server.world;
    const name = `${server.number} worker ${incarnation}`;
    this.#server = server;
    this.#incarnation = incarnation;
    this.#pipe = pipe;
    this.#time = new ProcessTime(timeline, wall, server.world.random(`loop ${name}`), {
      lookCostMs: plan.lookCostMs,
      busyShare: server.world.random(`busy ${name}`).next(),
    });
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#link = new Link({
      socket: pipe,
      limits: SMALL_LIMITS.workers,
      take: (kind, body) => {
        if (!this.#isOver) this.#take(kind, body);
      },
      broken: (cause) => {
        if (cause !== null)
          server.world.check(() =>
            broken(6, "link fault", cause instanceof Error ? (cause.stack ?? "") : "without an error"),
          );
        this.kill("exit code 0");
      },
    });
  }

  kill(how: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#time.isOver = true;
    this.#pipe.kill();
    this.front?.end();
    this.#server.clerk.lose();
    this.front = null;
    this.counter = null;
    // Its end is noticed a moment later.
    this.#server.world.timeline.after(1, () => this.#end(how));
  }

  /** What it believes is what was durable when it was told. */
  assertSound(): void {
    if (this.front === null || this.counter === null) return;
    this.front.assertSound();
    this.#server.assertViews(this.counter.views(), this.front.told);
  }

  #take(kind: FrameKind, body: Buffer): void {
    if (kind === FrameKind.welcome) this.#open(readNote(body.toString()) as unknown as SimulatedWelcome);
    else if (kind === FrameKind.turn) {
      const turn = readTurn(body);
      this.#told = Math.max(this.#told, endOf(turn.publication));
      this.counter?.take(turn);
    } else this.#hear(readNote(body.toString()) as NoteToWorker);
  }

  #open({ views, recent, told }: SimulatedWelcome): void {
    const server = this.#server;
    this.#told = told;
    this.counter = new RemoteCounter(
      {
        scheduler: this.#time,
        send: (rows) => this.#link.send(frameOf(FrameKind.commands, JSON.stringify(rows))),
        publish: (published) => this.front?.publish(published, this.#told),
        limits: SMALL_LIMITS.engine,
      },
      views,
    );
    this.front = new Front(server, this.#time, this.#incarnation, { views, told: this.#told });
    for (const { event, offset } of recent)
      this.front.hub.publish({ epoch: server.epoch, views: [], events: [event], offset });
    this.#link.note({ type: "listening" });
  }

  #hear(note: NoteToWorker): void {
    if (note.type === "close") {
      this.counter?.close();
      this.#link.note({ type: "closed" });
    } else if (note.type === "goodbye") {
      this.front?.sayGoodbye();
      this.#server.world.timeline.after(LINGER_MS, () => this.kill("exit code 0"));
    }
  }
}

/** How many events there are once all of this has been told. */
function endOf(publication: Publication | null): number {
  const views = publication?.views.map(({ position }) => position.offset + 1) ?? [];
  // A sale that sells out keeps the position of its last purchase.
  const events = publication?.events.map(({ offset }) => offset + 1) ?? [];
  return Math.max(0, ...views, ...events);
}
