import type { Answer, Rejection } from "../../src/box-office/answer.ts";
import { createBoxOffice, evolve, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import { decide } from "../../src/box-office/decide.ts";
import type { Decision, Rules } from "../../src/box-office/decision.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import type { Sale, SaleId } from "../../src/box-office/sale.ts";
import { RULES } from "./commands.ts";

/** A box office with its history, for tests that tell a story: each command happens a millisecond after the last. */
export class Office {
  readonly state: BoxOffice = createBoxOffice();
  readonly history: SaleEvent[] = [];
  readonly epoch: number;
  readonly rules: Rules;
  now: number;

  constructor({ now = 1_000, epoch = 3, rules = RULES } = {}) {
    this.now = now;
    this.epoch = epoch;
    this.rules = rules;
  }

  /** Decides, and lets it happen. */
  do(command: Command): Decision {
    this.now += 1;
    const decision = this.ask(command);
    for (const event of decision.events) this.happen(event);
    return decision;
  }

  /** Decides and changes nothing. */
  ask(command: Command): Decision {
    return decide(this.state, command, { at: this.now, epoch: this.epoch }, this.rules);
  }

  happen(event: SaleEvent): void {
    evolve(this.state, event, this.epoch);
    this.history.push(event);
  }

  sale(id: SaleId): Sale {
    const sale = this.state.sales.get(id);
    if (sale === undefined) throw new Error(`there is no sale ${id}`);
    return sale;
  }

  /** Why the command would be refused, or null. A refusal with events is a fault. */
  refusal(command: Command): Rejection | null {
    const { answer, events } = this.ask(command);
    if (answer.kind !== "rejected") return null;
    if (events.length > 0) throw new Error("a rejection came with events");
    return answer.rejection;
  }
}

/** @throws {Error} if the answer is of another kind. */
export function answered<Kind extends Answer["kind"]>(
  { answer }: Decision,
  kind: Kind,
): Extract<Answer, { kind: Kind }> {
  if (answer.kind !== kind) throw new Error(`answered ${JSON.stringify(answer)}, not ${kind}`);
  return answer as Extract<Answer, { kind: Kind }>;
}
