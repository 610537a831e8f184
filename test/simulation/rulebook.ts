/**
 * What a command must be answered, written down from PROTOCOL.md a second time: on a state that the ledger holds, or for
 * the event that it caused. Like the ledger it shares no code with src/.
 */
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { Books, Ledger } from "./ledger.ts";
import { says, type Meaning } from "./meaning.ts";
import type { Taken } from "./taken.ts";
import type { Wall } from "./timeline.ts";

export interface RulebookParts {
  readonly ledger: Ledger;
  readonly wall: Wall;
  readonly epoch: number;
  /** When the journal last said that it has no room. */
  readonly noRoomAt: () => number;
}

export class Rulebook {
  readonly #parts: RulebookParts;

  constructor(parts: RulebookParts) {
    this.#parts = parts;
  }

  /** The answer that a state calls for; null where the command would have had an effect. */
  decide({ command }: Taken, state: number): Meaning | null {
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

  /** What the answer to a command that caused this event must mean. */
  effect({ command }: Taken, event: number): Meaning {
    const { ledger } = this.#parts;
    if (command.type !== "buy")
      return { kind: "stock", books: ledger.states[event + 1]!["sale" in command ? command.sale : ""]! };
    const bought = ledger.find(command.items[0]!.sale, command.buyer, command.key)!;
    return { kind: "receipt", bought, repeated: false };
  }

  /** Whether the answer says that, as far as it can be known when it was decided. */
  agrees(taken: Taken, meaning: Meaning, answer: Answer): boolean {
    if (!says(answer, meaning, this.#parts.epoch)) return false;
    if (answer.kind !== "rejected" || answer.rejection.reason !== "not_open") return true;
    return this.#isCountdown(taken, answer.rejection.opensInMs, meaning);
  }

  /** Whether a deadline should have changed this state before the command was decided on it. */
  isOverdue(taken: Taken, state: number): boolean {
    const { ledger, wall, noRoomAt } = this.#parts;
    const { command, at } = taken;
    const sale = command.type === "buy" ? command.items[0]!.sale : command.sale;
    const books = ledger.states[state]![sale];
    if (books === undefined || wall.setAt > at || noRoomAt() >= at - 200) return false;
    const { phase, opensAt, closesAt } = books;
    const due = phase === "scheduled" ? opensAt : phase === "closed" ? null : closesAt;
    return due !== null && due <= taken.wall;
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

  /** A countdown is read at some instant between question and answer. */
  #isCountdown(taken: Taken, opensInMs: number, meaning: Meaning): boolean {
    Object.assign(meaning, { waitMs: opensInMs });
    const { wall, ledger } = this.#parts;
    const { command } = taken;
    const opensAt = command.type === "buy" ? (ledger.now[command.items[0]!.sale]?.opensAt ?? 0) : 0;
    if (opensInMs < 0) return false;
    return wall.setAt > 0 || (opensInMs <= opensAt - taken.wall && opensInMs >= opensAt - wall.now());
  }
}
