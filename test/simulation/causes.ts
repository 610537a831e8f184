/**
 * Who caused each event. A purchase is known by its ticket codes, an organiser's change by what it was asked to be, and a
 * deadline by its time; an event that is none of these happened by itself. A command takes effect once, in its turn, and
 * not before it was asked for.
 */
import type { Ledger, Written } from "./ledger.ts";
import type { Taken } from "./taken.ts";
import type { Wall } from "./timeline.ts";
import { broken } from "./violation.ts";

const ORGANISERS = new Map([
  ["create", "sale_created"],
  ["restock", "restocked"],
  ["open", "opened"],
  ["pause", "paused"],
  ["close", "closed"],
]);

export interface CausesParts {
  readonly ledger: Ledger;
  readonly wall: Wall;
}

export class Causes {
  readonly #parts: CausesParts;
  readonly #byCode = new Map<string, Taken>();
  /** Organiser's commands that may still cause an event. */
  #changes: Taken[] = [];
  /** The command that caused the newest event. */
  #caused = -1;
  readonly #owners = new Map<number, Taken>();

  constructor(parts: CausesParts) {
    this.#parts = parts;
  }

  /** A command was taken, and may cause an event. */
  add(taken: Taken): void {
    const { command } = taken;
    if (command.type === "buy")
      for (const { codes } of command.items) for (const code of codes) this.#byCode.set(code, taken);
    else if (ORGANISERS.has(command.type)) this.#changes.push(taken);
  }

  /** Whose event it is; nobody's where it is a deadline, or the second one of a purchase. */
  ownerOf(offset: number): Taken | undefined {
    return this.#owners.get(offset);
  }

  /** A frame is durable. Called before the ledger takes it in. @throws {Violation} */
  attribute(events: readonly Written[], offset: number): void {
    for (const [i, event] of events.entries()) {
      if (event.type === "sold_out") {
        const owner = this.#owners.get(offset + i - 1);
        if (owner !== undefined) owner.events += 1;
        continue;
      }
      const last = (events[i - 1] ?? this.#parts.ledger.events.at(-1))?.at ?? 0;
      const owner = this.#find(event, offset + i, last);
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

  #find(event: Written, offset: number, last: number): Taken | null {
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
}
