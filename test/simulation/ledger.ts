/**
 * The independent model: what the box office must be, from the events that the disk holds. It is written from
 * PROTOCOL.md and shares no code with src/: it doesn't decide, it judges whether what happened was allowed to.
 */
import { broken } from "./violation.ts";

export type Phase = "scheduled" | "open" | "paused" | "closed";

export interface Position {
  readonly epoch: number;
  readonly offset: number;
}

/** One sale just after one event; never changed. */
export interface Books {
  readonly sale: string;
  readonly capacity: number;
  readonly available: number;
  readonly sold: number;
  readonly phase: Phase;
  readonly opensAt: number | null;
  readonly closesAt: number | null;
  readonly orders: number;
  /** The newest event that changed it. */
  readonly offset: number;
  readonly at: number;
}

export interface Bought {
  readonly sale: string;
  readonly buyer: string;
  readonly key: string;
  readonly codes: readonly string[];
  readonly order: number;
  readonly remaining: number;
  readonly position: Position;
  readonly at: number;
}

export interface Notice {
  readonly sale: string;
  readonly kind: "sold_out" | "opened" | "paused" | "closed" | "restocked";
  readonly position: Position;
  readonly at: number;
  readonly quantity: number | undefined;
}

/** An event as the journal's JSON has it. */
export interface Written {
  readonly type: string;
  readonly v: number;
  readonly at: number;
  readonly sale: string;
  readonly capacity: number;
  readonly phase: Phase;
  readonly opensAt: number | null;
  readonly closesAt: number | null;
  readonly quantity: number;
  readonly buyer: string;
  readonly key: string;
  readonly items: readonly {
    readonly sale: string;
    readonly order: number;
    readonly remaining: number;
    readonly codes: readonly string[];
  }[];
}

export type Sales = Readonly<Record<string, Books>>;

export class Ledger {
  /** The sales before the event of each offset; the last one is how they are now. */
  readonly states: Sales[] = [{}];
  readonly events: Written[] = [];
  readonly epochs: number[] = [];
  readonly #bought = new Map<string, Bought>();
  readonly #codes = new Set<string>();
  readonly #notices = new Map<string, Notice[]>();
  /** The purchase before took the last ticket: it can't stand alone. */
  #soldOut: string | null = null;

  get length(): number {
    return this.events.length;
  }

  get now(): Sales {
    return this.states.at(-1)!;
  }

  purchases(): Iterable<Bought> {
    return this.#bought.values();
  }

  find(sale: string, buyer: string, key: string): Bought | undefined {
    return this.#bought.get(scopeOf(sale, buyer, key));
  }

  notices(sale: string): readonly Notice[] {
    return this.#notices.get(sale) ?? [];
  }

  /** Takes in one frame's events. @throws {Violation} if they were not allowed to happen. */
  take(events: readonly Written[], epoch: number): void {
    for (const event of events) this.#take(event, epoch);
    if (this.#soldOut !== null)
      broken(2, "whole frame", `the frame ends between a last purchase and its sold_out (${this.#soldOut})`);
  }

  #take(event: Written, epoch: number): void {
    const offset = this.length;
    const last = this.events.at(-1)?.at ?? 0;
    if (event.v !== 1) broken(3, "event version", `event ${offset} has version ${event.v}`);
    if (event.at < last) broken(3, "event time", `event ${offset} is of ${event.at}, before ${last}`);
    if ((this.#soldOut !== null) !== (event.type === "sold_out"))
      broken(
        1,
        "sold out",
        `event ${offset} is ${event.type}; the sale that just sold out: ${this.#soldOut}`,
      );
    const changed = event.type === "purchased" ? this.#buy(event, epoch) : this.#change(event);
    for (const books of Object.values(changed)) assertBalanced(books, offset);
    this.states.push({ ...this.now, ...changed });
    this.events.push(event);
    this.epochs.push(epoch);
    this.#announce(event, { epoch, offset });
  }

  #buy(event: Written, epoch: number): Sales {
    const { buyer, key, at } = event;
    const offset = this.length;
    const changed: Record<string, Books> = {};
    for (const { sale, order, remaining, codes } of event.items) {
      const books = this.#booksOf(sale);
      const quantity = codes.length;
      if (books.phase !== "open")
        broken(3, "sold while not open", `event ${offset} sells in ${sale}, which is ${books.phase}`);
      if (books.closesAt !== null && at >= books.closesAt)
        broken(
          3,
          "sold after closing",
          `event ${offset} sells at ${at}; ${sale} closes at ${books.closesAt}`,
        );
      if (quantity < 1 || quantity > books.available)
        broken(1, "oversold", `event ${offset} sells ${quantity} of ${books.available} left in ${sale}`);
      if (remaining !== books.available - quantity)
        broken(
          1,
          "remaining",
          `event ${offset} says ${remaining} are left, not ${books.available - quantity}`,
        );
      if (order !== books.orders + 1)
        broken(3, "order number", `event ${offset} has order ${order} after ${books.orders}`);
      for (const code of codes) {
        if (this.#codes.has(code)) broken(1, "code twice", `event ${offset} gives ${code} a second time`);
        this.#codes.add(code);
      }
      const scope = scopeOf(sale, buyer, key);
      if (this.#bought.has(scope)) broken(4, "key bought twice", `event ${offset} buys again with ${scope}`);
      this.#bought.set(scope, { sale, buyer, key, codes, order, remaining, at, position: { epoch, offset } });
      changed[sale] = {
        ...books,
        available: remaining,
        sold: books.sold + quantity,
        orders: order,
        offset,
        at,
      };
      if (remaining === 0) this.#soldOut = sale;
    }
    return changed;
  }

  #change(event: Written): Sales {
    const offset = this.length;
    const { sale, at } = event;
    if (event.type === "sale_created") {
      if (this.now[sale] !== undefined) broken(3, "created twice", `event ${offset} creates ${sale} again`);
      const { capacity, phase, opensAt, closesAt } = event;
      const books = { sale, capacity, available: capacity, sold: 0, phase, opensAt, closesAt };
      return { [sale]: { ...books, orders: 0, offset, at } };
    }
    const books = this.#booksOf(sale);
    if (event.type === "sold_out") {
      if (this.#soldOut !== sale) broken(1, "sold out", `event ${offset} says that ${sale} sold out`);
      this.#soldOut = null;
      return {};
    }
    if (books.phase === "closed")
      broken(3, "closed is final", `event ${offset} is ${event.type} of the closed ${sale}`);
    if (event.type === "restocked") {
      const { quantity } = event;
      const { capacity, available } = books;
      return {
        [sale]: { ...books, capacity: capacity + quantity, available: available + quantity, offset, at },
      };
    }
    const phase = event.type === "opened" ? "open" : (event.type as Phase);
    if (phase === books.phase)
      broken(3, "phase again", `event ${offset} is ${event.type} of ${phase} ${sale}`);
    return { [sale]: { ...books, phase, offset, at } };
  }

  #announce(event: Written, position: Position): void {
    if (event.type === "purchased" || event.type === "sale_created") return;
    const { sale, at } = event;
    const quantity = event.type === "restocked" ? event.quantity : undefined;
    const notices = this.#notices.get(sale) ?? [];
    this.#notices.set(sale, notices);
    notices.push({ sale, kind: event.type as Notice["kind"], position, at, quantity });
  }

  #booksOf(sale: string): Books {
    return this.now[sale] ?? broken(3, "unknown sale", `event ${this.length} is about ${sale}`);
  }
}

export function scopeOf(sale: string, buyer: string, key: string): string {
  return `${sale} ${buyer} ${key}`;
}

export function stateOf(books: Books): string {
  if (books.phase !== "open") return books.phase;
  return books.available > 0 ? "open" : "sold_out";
}

function assertBalanced(books: Books, offset: number): void {
  if (books.available < 0 || books.available + books.sold !== books.capacity)
    broken(1, "balance", `after event ${offset} the books are ${JSON.stringify(books)}`);
}
