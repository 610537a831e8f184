/**
 * Stands between the gateways and the queue and keeps its own account of it: which command came when, what it caused,
 * what it was answered. Every answer is judged by the ledger; what it must say on the wire is left with the
 * connection that asked (ear.ts).
 */
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId, SaleView } from "../../src/box-office/sale.ts";
import type { Counter, Envelope } from "../../src/engine/ports.ts";
import { stateOf, type Books, type Bought, type Ledger, type Written } from "./ledger.ts";
import { broken, type Guarantee, Violation } from "./violation.ts";
import type { Timeline, Wall } from "./timeline.ts";

/** What an answer has to say, in no dialect yet. */
export type Meaning =
  | { readonly kind: "receipt"; readonly bought: Bought; readonly repeated: boolean }
  | { readonly kind: "stock"; readonly books: Books }
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly remaining?: number;
      readonly waitMs?: number;
    };

/** Whoever asked: told what the answer must mean just before it is answered. */
export interface Asker {
  asked(taken: Taken): void;
  means(taken: Taken | null, meaning: Meaning): void;
}

export interface Taken {
  readonly number: number;
  readonly command: Command;
  /** When it was handed in, by the wall and on the timeline. */
  readonly wall: number;
  readonly at: number;
  readonly asker: Asker | null;
  /** Offset of the first event that it caused, and how many they were. */
  event: number | null;
  events: number;
  isAnswered: boolean;
  /** The process through which it came is gone: it may still be carried out, and nobody will be answered. */
  isLost: boolean;
  /** It is in the queue's process. */
  hasArrived: boolean;
  /** The queue has answered it, whether or not that reaches anybody. */
  isSettled: boolean;
}

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

const ORGANISERS = new Map([
  ["create", "sale_created"],
  ["restock", "restocked"],
  ["open", "opened"],
  ["pause", "paused"],
  ["close", "closed"],
]);

export class Clerk implements Counter {
  readonly #counter: Counter;
  readonly #parts: ClerkParts;
  readonly #taken: Taken[] = [];
  readonly #byCode = new Map<string, Taken>();
  /** Organiser's commands that may still cause an event. */
  #changes: Taken[] = [];
  #answered = 0;
  /** The command that caused the newest event. */
  #caused = -1;
  /** The state on which the newest answer was decided. */
  #cursor: number;
  readonly #owners = new Map<number, Taken>();
  refusedBusy = 0;

  constructor(counter: Counter, parts: ClerkParts) {
    this.#counter = counter;
    this.#parts = parts;
    this.#cursor = parts.ledger.length;
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
    if (command.type === "buy")
      for (const { codes } of command.items) for (const code of codes) this.#byCode.set(code, taken);
    else if (ORGANISERS.has(command.type)) this.#changes.push(taken);
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
    for (const [i, event] of events.entries()) {
      if (event.type === "sold_out") {
        const owner = this.#owners.get(offset + i - 1);
        if (owner !== undefined) owner.events += 1;
        continue;
      }
      const last = (events[i - 1] ?? this.#parts.ledger.events.at(-1))?.at ?? 0;
      const owner = this.#ownerOf(event, offset + i, last);
      if (owner === null) continue;
      if (owner.event !== null)
        broken(
          4,
          "carried out twice",
          `command ${owner.number} caused event ${owner.event} and ${offset + i}`,
        );
      if (owner.number <= this.#caused)
        broken(3, "mailbox order", `command ${owner.number} took effect after ${this.#caused}`);
      if (owner.isAnswered)
        broken(3, "effect after answer", `command ${owner.number} took effect after it was answered`);
      this.#assertStamped(owner, event, offset + i, last);
      this.#caused = owner.number;
      owner.event = offset + i;
      owner.events = 1;
      this.#owners.set(offset + i, owner);
    }
  }

  #refused(): void {
    this.refusedBusy += 1;
    this.#parts.asker()?.means(null, { kind: "refused", reason: "busy" });
  }

  #ownerOf(event: Written, offset: number, last: number): Taken | null {
    if (event.type === "purchased") {
      const code = event.items[0]?.codes[0] ?? "";
      const owner = this.#byCode.get(code);
      if (owner === undefined)
        broken(3, "bought by nobody", `nobody asked for event ${offset} (code ${code})`);
      const { command, hasArrived } = owner;
      const same =
        command.type === "buy" &&
        hasArrived &&
        command.buyer === event.buyer &&
        command.key === event.key &&
        JSON.stringify(command.items.map(({ sale, codes }) => [sale, codes])) ===
          JSON.stringify(event.items.map(({ sale, codes }) => [sale, codes]));
      if (!same)
        broken(3, "bought something else", `event ${offset} isn't what command ${owner.number} asked`);
      return owner;
    }
    if (this.#isDeadline(event, offset, last)) return null;
    const at = this.#changes.findIndex(
      ({ command, event: caused, isAnswered, isSettled, hasArrived }) =>
        caused === null &&
        !isAnswered &&
        !isSettled &&
        hasArrived &&
        ORGANISERS.get(command.type) === event.type &&
        "sale" in command &&
        command.sale === event.sale,
    );
    const owner = this.#changes[at];
    if (owner === undefined)
      broken(3, "happened by itself", `event ${offset} is ${event.type} of ${event.sale}, by nobody`);
    this.#changes = this.#changes.slice(at + 1);
    const { command } = owner;
    const fields = ["quantity", "capacity", "opensAt", "closesAt"] as const;
    for (const field of fields)
      if (field in command && (command as unknown as Written)[field] !== event[field])
        broken(3, "another change", `${JSON.stringify(command)} became ${JSON.stringify(event)}`);
    return owner;
  }

  #isDeadline(event: Written, offset: number, last: number): boolean {
    const { ledger, wall } = this.#parts;
    const books = ledger.states.at(-1)![event.sale];
    if (books === undefined) return false;
    const deadline =
      event.type === "opened" && books.phase === "scheduled"
        ? books.opensAt
        : event.type === "closed"
          ? books.closesAt
          : null;
    if (deadline === null) return false;
    if (event.at !== Math.max(deadline, last)) return false;
    const wasSet = wall.setAt > Number.NEGATIVE_INFINITY;
    if (!wasSet && wall.now() < deadline)
      broken(3, "deadline before its time", `event ${offset} is ${event.type}, due at ${deadline}`);
    return true;
  }

  #assertStamped(owner: Taken, event: Written, offset: number, last: number): void {
    const { wall } = this.#parts;
    // Set in the instant in which it was asked for, it may have been set just before or just after that.
    if (wall.setAt >= owner.at) return;
    if (event.at < owner.wall)
      broken(3, "stamp", `event ${offset} is of ${event.at}, before it was asked for at ${owner.wall}`);
    if (event.at > Math.max(last, wall.now()))
      broken(3, "stamp", `event ${offset} is of ${event.at}, and it is only ${wall.now()}`);
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
      const meaning = this.#judge(taken, answer);
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

  /** What this answer must mean. @throws {Violation} if no state allows it. */
  #judge(taken: Taken, answer: Answer): Meaning {
    const { ledger } = this.#parts;
    if (taken.event !== null) {
      this.#cursor = taken.event + taken.events;
      this.#assertNotOverdue(taken, taken.event);
      return this.#effect(taken, answer, taken.event);
    }
    let until = this.#cursor;
    while (until < ledger.length && this.#owners.get(until)?.isLost !== false) until += 1;
    for (let state = this.#cursor; state <= until; state++) {
      if (this.#isOverdue(taken, state)) continue;
      const meaning = this.#decide(taken, state);
      if (meaning === null || !this.#agrees(taken, meaning, answer)) continue;
      this.#cursor = state;
      return meaning;
    }
    if (answer.kind === "rejected" && answer.rejection.reason === "busy") {
      if (this.#parts.noRoomAt() < taken.at)
        broken(6, "busy without cause", `command ${taken.number} was refused though there was room`);
      this.refusedBusy += 1;
      return { kind: "refused", reason: "busy" };
    }
    const because = this.#explain(taken, answer);
    return broken(
      because,
      "wrong answer",
      `command ${taken.number} ${JSON.stringify(taken.command)} was answered ${JSON.stringify(answer)}; ` +
        `before events ${this.#cursor} to ${until}: ${JSON.stringify(ledger.states[this.#cursor])}`,
    );
  }

  /** Which promise a wrong answer breaks. */
  #explain({ command }: Taken, answer: Answer): Guarantee {
    const { ledger } = this.#parts;
    if (answer.kind === "receipt" && answer.position.offset >= ledger.length) return 2;
    if (answer.kind === "stock" && answer.view.position.offset >= ledger.length) return 2;
    if (command.type !== "buy") return 3;
    if (answer.kind === "rejected" && answer.rejection.reason === "idempotency_mismatch") return 4;
    return ledger.find(command.items[0]!.sale, command.buyer, command.key) === undefined ? 3 : 4;
  }

  #effect(taken: Taken, answer: Answer, event: number): Meaning {
    const { ledger } = this.#parts;
    const { command } = taken;
    const after = ledger.states[event + 1]!;
    const meaning: Meaning =
      command.type === "buy"
        ? {
            kind: "receipt",
            bought: ledger.find(command.items[0]!.sale, command.buyer, command.key)!,
            repeated: false,
          }
        : { kind: "stock", books: after["sale" in command ? command.sale : ""]! };
    if (!this.#agrees(taken, meaning, answer))
      broken(
        2,
        "answer and event differ",
        `command ${taken.number} caused event ${event} and was answered ${JSON.stringify(answer)}`,
      );
    return meaning;
  }

  #isOverdue(taken: Taken, state: number): boolean {
    const { ledger, wall, noRoomAt } = this.#parts;
    const { command, at } = taken;
    const sale = command.type === "buy" ? command.items[0]!.sale : command.sale;
    const books = ledger.states[state]![sale];
    if (books === undefined || wall.setAt > at || noRoomAt() >= at - 200) return false;
    const { phase, opensAt, closesAt } = books;
    const due = phase === "scheduled" ? opensAt : phase === "closed" ? null : closesAt;
    return due !== null && due <= taken.wall;
  }

  #assertNotOverdue(taken: Taken, event: number): void {
    if (this.#isOverdue(taken, event))
      broken(3, "deadline late", `command ${taken.number} caused event ${event} after a deadline was due`);
  }

  /** The answer that a state calls for; null where the command would have had an effect. */
  #decide({ command }: Taken, state: number): Meaning | null {
    const { ledger } = this.#parts;
    const sale = command.type === "buy" ? command.items[0]!.sale : command.sale;
    const books = ledger.states[state]![sale];
    if (command.type === "create") {
      if (books !== undefined) return { kind: "refused", reason: "sale_exists" };
      const last = Math.max(this.#parts.wall.now(), ledger.events.at(-1)?.at ?? 0);
      const isPast = command.closesAt !== null && command.closesAt <= Math.max(command.opensAt ?? last, last);
      return isPast ? { kind: "refused", reason: "bad_times" } : null;
    }
    if (books === undefined) return { kind: "refused", reason: "unknown_sale" };
    switch (command.type) {
      case "query":
      case "audit":
        return { kind: "stock", books };
      case "buy":
        return this.#decideBuy(command, state, books);
      case "restock":
        return books.phase === "closed" ? { kind: "refused", reason: "closed" } : null;
      case "open":
      case "pause":
      case "close": {
        const target = { open: "open", pause: "paused", close: "closed" }[command.type];
        if (books.phase === target) return { kind: "stock", books };
        return books.phase === "closed" ? { kind: "refused", reason: "closed" } : null;
      }
    }
  }

  #decideBuy(command: Extract<Command, { type: "buy" }>, state: number, books: Books): Meaning | null {
    const { quantity, sale } = command.items[0]!;
    const bought = this.#parts.ledger.find(sale, command.buyer, command.key);
    if (bought !== undefined && bought.position.offset < state) {
      return bought.codes.length === quantity
        ? { kind: "receipt", bought, repeated: true }
        : { kind: "refused", reason: "idempotency_mismatch" };
    }
    const { phase, available } = books;
    if (phase === "scheduled") return { kind: "refused", reason: "not_open" };
    if (phase !== "open") return { kind: "refused", reason: phase };
    if (available === 0) return { kind: "refused", reason: "sold_out" };
    return quantity > available
      ? { kind: "refused", reason: "insufficient_stock", remaining: available }
      : null;
  }

  #agrees(taken: Taken, meaning: Meaning, answer: Answer): boolean {
    switch (answer.kind) {
      case "receipt": {
        if (meaning.kind !== "receipt" || answer.repeated !== meaning.repeated) return false;
        const { bought } = meaning;
        const { sale, order, remaining, codes, position, at } = bought;
        return (
          JSON.stringify([answer.items, answer.position.epoch, answer.position.offset, answer.at]) ===
          JSON.stringify([[{ sale, order, remaining, codes }], position.epoch, position.offset, at])
        );
      }
      case "stock": {
        if (meaning.kind !== "stock") return false;
        return isView(answer.view, meaning.books, this.#parts.epoch);
      }
      case "audit": {
        if (meaning.kind !== "stock") return false;
        const { capacity, available, held, sold, tickets, balanced } = answer.audit;
        const { books } = meaning;
        const same = capacity === books.capacity && available === books.available && sold === books.sold;
        return same && held === 0 && tickets === sold && balanced;
      }
      case "rejected": {
        if (meaning.kind !== "refused") return false;
        const { rejection } = answer;
        if (rejection.reason !== meaning.reason) return false;
        if (rejection.reason === "insufficient_stock") return rejection.remaining === meaning.remaining;
        if (rejection.reason === "not_open") return this.#isCountdown(taken, rejection.opensInMs, meaning);
        return true;
      }
    }
  }

  /** A countdown is read at some instant between question and answer. */
  #isCountdown(taken: Taken, opensInMs: number, meaning: Meaning): boolean {
    Object.assign(meaning, { waitMs: opensInMs });
    const { wall, ledger } = this.#parts;
    const { command } = taken;
    const opensAt = command.type === "buy" ? (ledger.now[command.items[0]!.sale]?.opensAt ?? 0) : 0;
    if (opensInMs < 0) return false;
    return wall.setAt > 0 || (opensInMs <= opensAt - taken.wall && opensInMs >= opensAt - wall.now());
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

export function isView(view: Omit<SaleView, "title" | "closesAt">, books: Books, epoch: number): boolean {
  return (
    view.sale === books.sale &&
    view.capacity === books.capacity &&
    view.available === books.available &&
    view.sold === books.sold &&
    view.held === 0 &&
    view.state === stateOf(books) &&
    view.position.offset === books.offset &&
    view.position.epoch === epoch &&
    view.at === books.at &&
    view.opensAt === books.opensAt
  );
}
