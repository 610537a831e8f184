import { rejected, type Answer, type Receipt, type Rejection } from "./answer.ts";
import { auditSale, type BoxOffice } from "./box-office.ts";
import type { Buy, BuyItem, ChangePhase, Command, CreateSale, Restock } from "./command.ts";
import type { PurchasedItem, SaleEvent } from "./event.ts";
import type { Purchase } from "./purchases.ts";
import {
  saleState,
  viewSale,
  type Instant,
  type Sale,
  type SaleId,
  type SaleView,
  type TicketCode,
} from "./sale.ts";

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

/** Says what a command would cause on this state, and changes nothing. Total: it never throws on a well-typed command. */
export function decide(state: BoxOffice, command: Command, stamp: Stamp, rules: Rules): Decision {
  switch (command.type) {
    case "buy":
      return decideBuy(state, command, stamp, rules);
    case "query":
      return withSale(state, command.sale, (sale) =>
        unchanged({ kind: "stock", view: viewSale(sale, stamp.epoch) }),
      );
    case "audit":
      return withSale(state, command.sale, (sale) =>
        unchanged({ kind: "audit", audit: auditSale(sale, state.offset) }),
      );
    case "create":
      return decideCreate(state, command, stamp, rules);
    case "restock":
      return withSale(state, command.sale, (sale) => decideRestock(state, sale, command, stamp, rules));
    case "open":
    case "pause":
    case "close":
      return withSale(state, command.sale, (sale) => decidePhase(state, sale, command, stamp));
  }
}

/**
 * The openings and closings that are due by `now`, oldest first, at most one per sale: a sale whose closing is due
 * too gets it in the next call. Each becomes an event at its own instant, but never before the newest event.
 */
export function dueEvents(state: BoxOffice, now: Instant): SaleEvent[] {
  const due: { readonly at: Instant; readonly event: SaleEvent }[] = [];
  for (const sale of state.sales.values()) {
    const deadline = deadlineOf(sale);
    if (deadline === null || deadline > now) continue;
    const type = sale.phase === "scheduled" && deadline === sale.opensAt ? "opened" : "closed";
    due.push({ at: deadline, event: { type, v: 1, at: Math.max(deadline, state.at), sale: sale.id } });
  }
  return due.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
}

/** The next instant at which something happens by itself, or null. */
export function nextDeadline(state: BoxOffice): Instant | null {
  let next: Instant | null = null;
  for (const sale of state.sales.values()) {
    const deadline = deadlineOf(sale);
    if (deadline !== null && (next === null || deadline < next)) next = deadline;
  }
  return next;
}

function deadlineOf(sale: Sale): Instant | null {
  if (sale.phase === "closed") return null;
  if (sale.phase === "scheduled") return sale.opensAt;
  return sale.closesAt;
}

/** The ladder is ordered by what helps the buyer most: first what the key already bought, last how many are left. */
function decideBuy(state: BoxOffice, command: Buy, stamp: Stamp, rules: Rules): Decision {
  const earlier = command.fresh === true ? undefined : findEarlier(state, command);
  if (earlier !== undefined) {
    return sameItems(earlier, command.items)
      ? unchanged(receiptOf(earlier, true))
      : refuse({ reason: "idempotency_mismatch" });
  }
  if (namesSaleTwice(command.items)) return refuse({ reason: "bad_items" });
  for (const item of command.items) {
    const refusal = refuseItem(state, item, stamp, rules);
    if (refusal !== undefined) return refuse(refusal);
  }
  if (repeatsCode(command.items)) return refuse({ reason: "busy" });
  const bought = command.items.map((item): PurchasedItem => {
    const sale = saleOf(state, item);
    return {
      sale: sale.id,
      order: sale.orders + 1,
      remaining: sale.available - item.quantity,
      codes: item.codes,
    };
  });
  const soldOut = soldOutBy(state, command.items, stamp.at);
  const purchased: SaleEvent = {
    type: "purchased",
    v: 1,
    at: stamp.at,
    buyer: command.buyer,
    key: command.key,
    items: bought,
  };
  return {
    events: soldOut.length === 0 ? [purchased] : [purchased, ...soldOut],
    answer: {
      kind: "receipt",
      items: bought,
      position: { epoch: stamp.epoch, offset: state.offset },
      at: stamp.at,
      repeated: false,
    },
  };
}

/** Of an item that wasn't refused. */
function saleOf(state: BoxOffice, item: BuyItem): Sale {
  return state.sales.get(item.sale) as Sale;
}

function soldOutBy(state: BoxOffice, items: readonly BuyItem[], at: Instant): readonly SaleEvent[] {
  return items
    .filter((item) => {
      const { sold, capacity } = saleOf(state, item);
      return sold + item.quantity === capacity;
    })
    .map(({ sale }) => ({ type: "sold_out", v: 1, at, sale }));
}

function refuseItem(state: BoxOffice, item: BuyItem, stamp: Stamp, rules: Rules): Rejection | undefined {
  const sale = state.sales.get(item.sale);
  if (sale === undefined) return { reason: "unknown_sale" };
  const { quantity } = item;
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > rules.maxQuantity) {
    return { reason: "bad_quantity", max: rules.maxQuantity };
  }
  if (sale.phase === "scheduled") {
    return { reason: "not_open", opensInMs: Math.max(0, (sale.opensAt ?? stamp.at) - stamp.at) };
  }
  if (sale.phase === "paused" || sale.phase === "closed") return { reason: sale.phase };
  if (saleState(sale) === "sold_out") return { reason: "sold_out" };
  if (quantity > sale.available) return { reason: "insufficient_stock", remaining: sale.available };
  // A code that is taken already is one chance in billions; the buyer tries again and gets new ones.
  if (item.codes.length !== quantity || isTaken(state, item.codes)) return { reason: "busy" };
  return undefined;
}

function isTaken({ purchases }: BoxOffice, codes: readonly TicketCode[]): boolean {
  for (const code of codes) if (purchases?.hasCode(code) === true) return true;
  return false;
}

/** Whether a code comes twice in one purchase; the books only know the codes of those before it. */
function repeatsCode(items: readonly BuyItem[]): boolean {
  if (items.length === 1 && items[0]?.quantity === 1) return false;
  const codes = items.flatMap((item) => item.codes);
  return new Set(codes).size < codes.length;
}

function decideCreate(state: BoxOffice, command: CreateSale, stamp: Stamp, rules: Rules): Decision {
  if (state.sales.has(command.sale)) return refuse({ reason: "sale_exists" });
  if (state.sales.size >= rules.maxSales) return refuse({ reason: "too_many_sales" });
  if (!isCount(command.capacity, rules.maxCapacity))
    return refuse({ reason: "bad_quantity", max: rules.maxCapacity });
  const { opensAt, closesAt } = command;
  if (closesAt !== null && closesAt <= Math.max(opensAt ?? stamp.at, stamp.at))
    return refuse({ reason: "bad_times" });
  const phase = opensAt !== null && opensAt > stamp.at ? "scheduled" : "open";
  const event: SaleEvent = {
    type: "sale_created",
    v: 1,
    at: stamp.at,
    sale: command.sale,
    title: command.title,
    capacity: command.capacity,
    phase,
    opensAt,
    closesAt,
  };
  return {
    events: [event],
    answer: {
      kind: "stock",
      view: {
        sale: command.sale,
        title: command.title,
        state: phase,
        capacity: command.capacity,
        available: command.capacity,
        held: 0,
        sold: 0,
        position: { epoch: stamp.epoch, offset: state.offset },
        at: stamp.at,
        opensAt,
        closesAt,
      },
    },
  };
}

function decideRestock(state: BoxOffice, sale: Sale, command: Restock, stamp: Stamp, rules: Rules): Decision {
  if (sale.phase === "closed") return refuse({ reason: "closed" });
  const max = rules.maxCapacity - sale.capacity;
  if (!isCount(command.quantity, max)) return refuse({ reason: "bad_quantity", max });
  const event: SaleEvent = {
    type: "restocked",
    v: 1,
    at: stamp.at,
    sale: sale.id,
    quantity: command.quantity,
  };
  return changed(event, {
    ...viewAfter(state, sale, stamp),
    state: sale.phase,
    capacity: sale.capacity + command.quantity,
    available: sale.available + command.quantity,
  });
}

/** `closed` is final; everything else may be opened and paused at will, and asking for what already is changes nothing. */
function decidePhase(state: BoxOffice, sale: Sale, command: ChangePhase, stamp: Stamp): Decision {
  const target = command.type === "open" ? "open" : command.type === "pause" ? "paused" : "closed";
  if (sale.phase === target) return unchanged({ kind: "stock", view: viewSale(sale, stamp.epoch) });
  if (sale.phase === "closed") return refuse({ reason: "closed" });
  const type = target === "open" ? "opened" : target;
  const event: SaleEvent = { type, v: 1, at: stamp.at, sale: sale.id };
  const view = viewAfter(state, sale, stamp);
  return changed(event, { ...view, state: saleState({ ...sale, phase: target }) });
}

function viewAfter(state: BoxOffice, sale: Sale, stamp: Stamp): SaleView {
  return {
    ...viewSale(sale, stamp.epoch),
    at: stamp.at,
    position: { epoch: stamp.epoch, offset: state.offset },
  };
}

function namesSaleTwice(items: readonly BuyItem[]): boolean {
  return items.length > 1 && new Set(items.map((item) => item.sale)).size < items.length;
}

function findEarlier(state: BoxOffice, command: Buy): Purchase | undefined {
  for (const item of command.items) {
    const purchase = state.purchases?.find(item.sale, command.buyer, command.key);
    if (purchase !== undefined) return purchase;
  }
  return undefined;
}

function sameItems(earlier: Purchase, items: readonly BuyItem[]): boolean {
  return (
    earlier.items.length === items.length &&
    items.every((item) =>
      earlier.items.some((bought) => bought.sale === item.sale && bought.codes.length === item.quantity),
    )
  );
}

function receiptOf(purchase: Purchase, repeated: boolean): Receipt {
  const { items, epoch, offset, at } = purchase;
  return { kind: "receipt", items, position: { epoch, offset }, at, repeated };
}

function withSale(state: BoxOffice, id: SaleId, then: (sale: Sale) => Decision): Decision {
  const sale = state.sales.get(id);
  return sale === undefined ? refuse({ reason: "unknown_sale" }) : then(sale);
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}

function unchanged(answer: Answer): Decision {
  return { events: NO_EVENTS, answer };
}

function changed(event: SaleEvent, view: SaleView): Decision {
  return { events: [event], answer: { kind: "stock", view } };
}

function refuse(rejection: Rejection): Decision {
  return unchanged(rejected(rejection));
}
