/** Commands for tests, short to write, and what they need. */
import type { Buy, Command, CreateSale } from "../../src/box-office/command.ts";
import type { Rules } from "../../src/box-office/decision.ts";
import type { BuyerId, PurchaseKey, SaleId, TicketCode } from "../../src/box-office/sale.ts";
import { TICKET_ALPHABET, TICKET_LENGTH } from "../../src/engine/system.ts";

export const RULES: Rules = { maxQuantity: 10, maxCapacity: 1_000, maxSales: 8 };

export const GALA = "gala" as SaleId;
export const FINAL = "final" as SaleId;

let codes = 0;
let keys = 0;

/** A code that no other call returns. */
export function freshCode(): TicketCode {
  codes += 1;
  let text = "";
  for (let rest = codes, i = 0; i < TICKET_LENGTH; i++, rest = Math.floor(rest / TICKET_ALPHABET.length)) {
    text += TICKET_ALPHABET[rest % TICKET_ALPHABET.length];
  }
  return text as TicketCode;
}

export function freshCodes(quantity: number): TicketCode[] {
  return Array.from({ length: Math.max(0, quantity) }, freshCode);
}

export function create(sale: SaleId, capacity: number, more: Partial<CreateSale> = {}): CreateSale {
  return { type: "create", sale, title: `The ${sale}`, capacity, opensAt: null, closesAt: null, ...more };
}

/** A purchase of one sale with fresh codes, and a key that never bought unless one is given. */
export function buy(sale: SaleId, quantity = 1, more: { key?: string; buyer?: string } = {}): Buy {
  keys += 1;
  return {
    type: "buy",
    items: [{ sale, quantity, codes: freshCodes(quantity) }],
    buyer: (more.buyer ?? "ana") as BuyerId,
    key: (more.key ?? `k${keys}`) as PurchaseKey,
  };
}

/** One purchase over several sales, as `[sale, quantity]` pairs. */
export function buyTogether(items: readonly (readonly [SaleId, number])[], key?: string): Buy {
  const single = buy(GALA, 1, key === undefined ? {} : { key });
  return {
    ...single,
    items: items.map(([sale, quantity]) => ({ sale, quantity, codes: freshCodes(quantity) })),
  };
}

export function query(sale: SaleId): Command {
  return { type: "query", sale };
}

export function restock(sale: SaleId, quantity: number): Command {
  return { type: "restock", sale, quantity };
}

export function change(type: "open" | "pause" | "close", sale: SaleId): Command {
  return { type, sale };
}
