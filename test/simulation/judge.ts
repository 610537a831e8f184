/**
 * Whether an answer is one that the queue may give. It doesn't say on which state it decided: a command that caused an
 * event was decided just before that, and any other in its turn, so on a state that isn't older than the one of the answer
 * before it, nor newer than the next event that somebody still has to hear of.
 */
import type { Answer } from "../../src/box-office/answer.ts";
import type { Causes } from "./causes.ts";
import type { Ledger } from "./ledger.ts";
import type { Meaning } from "./meaning.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Taken } from "./taken.ts";
import { broken, type Guarantee } from "./violation.ts";

export interface JudgeParts {
  readonly ledger: Ledger;
  readonly causes: Causes;
  readonly rulebook: Rulebook;
  /** When the journal last said that it has no room. */
  readonly noRoomAt: () => number;
}

export class Judge {
  readonly #parts: JudgeParts;
  /** The state on which the newest answer was decided. */
  #cursor: number;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.#cursor = parts.ledger.length;
  }

  /** What this answer must mean. @throws {Violation} if no state allows it. */
  judge(taken: Taken, answer: Answer): Meaning {
    const { ledger, causes, rulebook, noRoomAt } = this.#parts;
    if (taken.event !== null) {
      this.#cursor = taken.event + taken.events;
      this.#assertNotOverdue(taken, taken.event);
      return this.#effect(taken, answer, taken.event);
    }
    let until = this.#cursor;
    while (until < ledger.length && causes.ownerOf(until)?.isLost !== false) until += 1;
    for (let state = this.#cursor; state <= until; state++) {
      if (rulebook.isOverdue(taken, state)) continue;
      const meaning = rulebook.decide(taken, state);
      if (meaning === null || !rulebook.agrees(taken, meaning, answer)) continue;
      this.#cursor = state;
      return meaning;
    }
    if (answer.kind === "rejected" && answer.rejection.reason === "busy") {
      if (noRoomAt() < taken.at)
        broken(6, "busy without cause", `command ${taken.number} was refused though there was room`);
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
    const { rulebook } = this.#parts;
    const meaning = rulebook.effect(taken, event);
    if (!rulebook.agrees(taken, meaning, answer))
      broken(
        2,
        "answer and event differ",
        `command ${taken.number} caused event ${event} and was answered ${JSON.stringify(answer)}`,
      );
    return meaning;
  }

  #assertNotOverdue(taken: Taken, event: number): void {
    if (this.#parts.rulebook.isOverdue(taken, event))
      broken(3, "deadline late", `command ${taken.number} caused event ${event} after a deadline was due`);
  }
}
