/**
 * Stands between the gateways and the queue and keeps its own account of it: which command came when, and whether each is
 * answered once and in its turn. Who caused what is found in causes.ts, every answer is judged by the ledger (judge.ts),
 * and what it must say on the wire is left with the connection that asked (ear.ts).
 */
import type { Answer } from "../../src/box-office/answer.ts";
import type { SaleId, SaleView } from "../../src/box-office/sale.ts";
import type { Counter, Envelope } from "../../src/engine/ports.ts";
import { Causes } from "./causes.ts";
import { Judge } from "./judge.ts";
import type { Ledger, Written } from "./ledger.ts";
import { Rulebook } from "./rulebook.ts";
import type { Asker, Taken } from "./taken.ts";
import type { Timeline, Wall } from "./timeline.ts";
import { broken, Violation } from "./violation.ts";

export interface ClerkParts {
  readonly ledger: Ledger;
  readonly timeline: Timeline;
  readonly wall: Wall;
  readonly epoch: number;
  /** When the journal last said that it has no room. */
  readonly noRoomAt: () => number;
  /** The gateways are in another process: what the queue refuses, it refuses before it answers what it took. */
  readonly isBehindLink: boolean;
  /** Who is being listened to in this instant. */
  readonly asker: () => Asker | null;
  readonly report: (violation: Violation) => void;
  readonly trace: (line: string) => void;
}

export class Clerk implements Counter {
  readonly #counter: Counter;
  readonly #parts: ClerkParts;
  readonly #taken: Taken[] = [];
  readonly #causes: Causes;
  readonly #judge: Judge;
  #answered = 0;
  refusedBusy = 0;

  constructor(counter: Counter, parts: ClerkParts) {
    this.#counter = counter;
    this.#parts = parts;
    this.#causes = new Causes(parts);
    this.#judge = new Judge({ ...parts, causes: this.#causes, rulebook: new Rulebook(parts) });
  }

  submit(envelope: Envelope, priority?: "organiser"): boolean {
    const { command } = envelope;
    const { timeline, wall, asker } = this.#parts;
    const taken: Taken = {
      number: this.#taken.length,
      command,
      wall: wall.now(),
      at: timeline.now,
      asker: asker(),
      event: null,
      events: 0,
      isAnswered: false,
      isLost: false,
      hasArrived: !this.#parts.isBehindLink,
      isSettled: false,
    };
    const isTaken = this.#counter.submit(
      { command, reply: (answer) => this.#answer(taken, answer, envelope) },
      priority,
    );
    if (!isTaken) {
      this.#refused();
      return false;
    }
    this.#taken.push(taken);
    this.#causes.add(taken);
    this.#parts.trace(`take ${taken.number} ${command.type}`);
    this.#guard(() => taken.asker?.asked(taken));
    return true;
  }

  /** Whoever asks and hears yes refuses the command in hand, and so doesn't hand it in. */
  isFull(): boolean {
    const isFull = this.#counter.isFull();
    if (isFull) this.#refused();
    return isFull;
  }

  view(sale: SaleId): SaleView | undefined {
    return this.#counter.view(sale);
  }

  views(): Iterable<SaleView> {
    return this.#counter.views();
  }

  /** The oldest command that nobody has answered. */
  get oldest(): Taken | undefined {
    return this.#taken[this.#answered];
  }

  get waiting(): number {
    return this.#taken.length - this.#answered;
  }

  /** How many commands have been taken. */
  get count(): number {
    return this.#taken.length;
  }

  /** A command has come out of the link. */
  arrived(number: number): void {
    const taken = this.#taken[number];
    if (taken === undefined) return broken(3, "asked by nobody", `command ${number} came out of a link`);
    taken.hasArrived = true;
  }

  /** The queue answers a command that came out of the link. */
  settled(number: number): void {
    const taken = this.#taken[number];
    if (taken !== undefined) taken.isSettled = true;
  }

  /** The process of the gateways is gone. */
  lose(): void {
    for (let i = this.#answered; i < this.#taken.length; i++) this.#taken[i]!.isLost = true;
    this.#next();
  }

  /** A frame is durable: finds out who caused each event. Called before the ledger takes it in. */
  attribute(events: readonly Written[], offset: number): void {
    this.#causes.attribute(events, offset);
  }

  #refused(): void {
    this.refusedBusy += 1;
    this.#parts.asker()?.means(null, { kind: "refused", reason: "busy" });
  }

  #answer(taken: Taken, answer: Answer, envelope: Envelope): void {
    this.#guard(() => {
      if (taken.isAnswered) broken(3, "answered twice", `command ${taken.number} was answered again`);
      const overtakes =
        this.#parts.isBehindLink && answer.kind === "rejected" && answer.rejection.reason === "busy";
      if (taken.isLost) broken(3, "answered the dead", `command ${taken.number} was answered to nobody`);
      if (taken.number !== this.#answered && !overtakes)
        broken(
          3,
          "answer order",
          `command ${taken.number} was answered, it is the turn of ${this.#answered}`,
        );
      const meaning = this.#judge.judge(taken, answer);
      if (meaning.kind === "refused" && meaning.reason === "busy") this.refusedBusy += 1;
      taken.asker?.means(taken, meaning);
    });
    taken.isAnswered = true;
    this.#next();
    this.#parts.trace(
      `answer ${taken.number} ${answer.kind === "rejected" ? answer.rejection.reason : answer.kind}`,
    );
    envelope.reply(answer);
  }

  /** Whose turn it is to be answered. */
  #next(): void {
    for (;;) {
      const taken = this.#taken[this.#answered];
      if (taken === undefined || (!taken.isAnswered && !taken.isLost)) return;
      this.#answered += 1;
    }
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#parts.report(error);
    }
  }
}
