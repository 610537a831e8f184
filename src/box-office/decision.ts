/** What a decision is: the events that a command causes, and what its sender hears. */
import { rejected, type Answer, type Rejection } from "./answer.ts";
import type { SaleEvent } from "./event.ts";
import type { Instant } from "./sale.ts";

/** What the box office may be asked for at most. Rules bind decisions only; replay never consults them. */
export interface Rules {
  /** Tickets of one sale in one purchase. */
  readonly maxQuantity: number;
  readonly maxCapacity: number;
  readonly maxSales: number;
}

/** When and where a command is decided: stamped by the engine, so that the core needs no clock. */
export interface Stamp {
  readonly at: Instant;
  readonly epoch: number;
}

export interface Decision {
  readonly events: readonly SaleEvent[];
  /** What the sender hears once the events are durable. */
  readonly answer: Answer;
}

const NO_EVENTS: readonly SaleEvent[] = [];

/** What changes nothing. */
export function unchanged(answer: Answer): Decision {
  return { events: NO_EVENTS, answer };
}

export function refuse(rejection: Rejection): Decision {
  return unchanged(rejected(rejection));
}
