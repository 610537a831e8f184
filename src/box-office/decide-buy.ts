/** What a purchase causes: an event for all of its items, or a refusal. */
import type { Receipt, Rejection } from "./answer.ts";
import type { BoxOffice } from "./box-office.ts";
import type { Buy, BuyItem } from "./command.ts";
import { refuse, unchanged, type Decision, type Rules, type Stamp } from "./decision.ts";
import type { PurchasedItem, SaleEvent } from "./event.ts";
import type { Purchase } from "./purchases.ts";
import { saleState, type Instant, type Sale, type TicketCode } from "./sale.ts";

const NO_EVENTS: readonly SaleEvent[] = [];

/** The ladder is ordered by what helps the buyer most: first what the key already bought, last how many are left. */
export function decideBuy(state: BoxOffice, command: Buy, stamp: Stamp, rules: Rules): Decision {
  const earlier = command.fresh === true ? undefined : findEarlier(state, command);
  if (earlier !== undefined) {
    return sameItems(earlier, command.items)
      ? unchanged(receiptOf(earlier, true))
      : refuse({ reason: "idempotency_mismatch" });
  }
  if (!namesSalesOnce(command.items)) return refuse({ reason: "bad_items" });
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
  const soldOut = bought.some(({ remaining }) => remaining === 0)
    ? soldOutBy(state, command.items, stamp.at)
    : NO_EVENTS;
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

/** At least one, and none twice. */
function namesSalesOnce(items: readonly BuyItem[]): boolean {
  return (
    items.length === 1 || (items.length > 1 && new Set(items.map((item) => item.sale)).size === items.length)
  );
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
