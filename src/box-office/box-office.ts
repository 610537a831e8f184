/**
 * The state of the box office and the two things that may be done to it: `evolve` applies what happened, `decide`
 * (decide.ts) says what would happen. All of it is pure in the sense that matters here: no clock, no randomness, no
 * I/O. The state is changed in place, because copying a million purchases per purchase would be absurd; whoever needs
 * an old value keeps a `SaleView`.
 */
import { formatDigest, hashTicket } from "./digest.ts";
import type { Purchased, SaleCreated, SaleEvent } from "./event.ts";
import { Purchases, type Purchase } from "./purchases.ts";
import { isBalanced, type Audit, type Instant, type Sale, type SaleId } from "./sale.ts";
import { Sales } from "./sales.ts";

export interface BoxOffice {
  readonly sales: Sales;
  /** Null in a fold that only counts (snapshots and recounts run in constant memory). */
  readonly purchases: Purchases | null;
  /** Events applied so far, which is the offset that the next one gets. */
  offset: number;
  /** Time of the newest event. */
  at: Instant;
}

export function createBoxOffice(memory: "remember" | "count" = "remember"): BoxOffice {
  return {
    sales: new Sales(),
    purchases: memory === "remember" ? new Purchases() : null,
    offset: 0,
    at: 0,
  };
}

/**
 * Applies an event that happened. It never refuses: what is in the journal is history.
 *
 * @param epoch the epoch of the segment that holds the event; receipts repeat it.
 * @throws {Error} if the event speaks of a sale that was never created, or its version is unknown: the journal
 *   then wasn't written by this program, and going on would be a guess.
 */
export function evolve(state: BoxOffice, event: SaleEvent, epoch: number): BoxOffice {
  if ((event.v as number) !== 1)
    throw new Error(`event ${state.offset} has version ${String(event.v)}; this program knows 1`);
  switch (event.type) {
    case "purchased":
      applyPurchase(state, event, epoch);
      break;
    case "sale_created":
      state.sales.set(event.sale, newSale(event, state.offset));
      break;
    case "sold_out":
      // Says something about the purchase before it and changes nothing itself, so the sale's position stays.
      break;
    case "restocked": {
      const sale = touch(state, event.sale, event.at);
      sale.capacity += event.quantity;
      sale.available += event.quantity;
      break;
    }
    case "opened":
      touch(state, event.sale, event.at).phase = "open";
      break;
    case "paused":
      touch(state, event.sale, event.at).phase = "paused";
      break;
    case "closed":
      touch(state, event.sale, event.at).phase = "closed";
      break;
    default:
      throw new Error(
        `event ${state.offset} has an unknown type ${JSON.stringify((event as SaleEvent).type)}`,
      );
  }
  state.offset += 1;
  state.at = event.at;
  return state;
}

export function auditSale(sale: Sale, offset: number): Audit {
  return {
    sale: sale.id,
    capacity: sale.capacity,
    available: sale.available,
    held: sale.held,
    sold: sale.sold,
    tickets: sale.tickets,
    balanced: isBalanced(sale),
    digest: formatDigest(sale.digestHigh, sale.digestLow),
    offset,
  };
}

function applyPurchase(state: BoxOffice, event: Purchased, epoch: number): void {
  for (const item of event.items) {
    const sale = touch(state, item.sale, event.at);
    const quantity = item.codes.length;
    sale.available -= quantity;
    sale.sold += quantity;
    sale.tickets += quantity;
    sale.orders = item.order;
    for (const code of item.codes) {
      const hash = hashTicket(sale.id, item.order, code);
      addToDigest(sale, hash.high, hash.low);
    }
  }
  state.purchases?.add(event, epoch, state.offset);
}

/** A purchase as it is remembered: what happened, and where it stands in the journal. */
export function purchaseRecord(event: Purchased, epoch: number, offset: number): Purchase {
  return { buyer: event.buyer, key: event.key, at: event.at, epoch, offset, items: event.items };
}

function newSale(event: SaleCreated, offset: number): Sale {
  return {
    id: event.sale,
    title: event.title,
    capacity: event.capacity,
    available: event.capacity,
    held: 0,
    sold: 0,
    phase: event.phase,
    opensAt: event.opensAt,
    closesAt: event.closesAt,
    orders: 0,
    tickets: 0,
    digestHigh: 0,
    digestLow: 0,
    offset,
    at: event.at,
  };
}

/** The sale that an event is about, marked as changed by it. */
function touch(state: BoxOffice, id: SaleId, at: Instant): Sale {
  const sale = state.sales.get(id);
  if (sale === undefined)
    throw new Error(`event ${state.offset} is about sale ${JSON.stringify(id)}, which doesn't exist`);
  sale.offset = state.offset;
  sale.at = at;
  return sale;
}

/** 64-bit addition in two halves. */
function addToDigest(sale: Sale, high: number, low: number): void {
  const sum = sale.digestLow + low;
  sale.digestLow = sum >>> 0;
  sale.digestHigh = (sale.digestHigh + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
}
