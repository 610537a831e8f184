/**
 * What the box office remembers of its purchases: which key bought what, and which codes are live. Refusals leave
 * nothing here, so the memory is bounded by the tickets sold.
 *
 * A Map holds at most 2^24 entries and a sale up to 100 million tickets, so both indexes are cut into generations
 * that are filled one after the other. There are at most a dozen, and the newest is looked at first.
 */
import type { ReceiptItem } from "./answer.ts";
import type { BuyerId, Instant, PurchaseKey, SaleId, TicketCode } from "./sale.ts";

/** A purchase as it is kept. One string joins buyer and key, since an object a field would cost more than the text. */
export interface Purchase {
  readonly buyer: BuyerId;
  readonly key: PurchaseKey;
  readonly at: Instant;
  readonly epoch: number;
  readonly offset: number;
  readonly items: readonly ReceiptItem[];
}

const GENERATION_SIZE = 8_000_000;

export class Purchases {
  readonly #byKey: Map<string, Purchase>[] = [new Map()];
  readonly #codes: Set<TicketCode>[] = [new Set()];
  readonly #bySale = new Map<SaleId, Purchase[]>();

  /** The purchase that this key made in this sale, if it made one. */
  find(sale: SaleId, buyer: BuyerId, key: PurchaseKey): Purchase | undefined {
    const scope = scopeOf(sale, buyer, key);
    for (let i = this.#byKey.length - 1; i >= 0; i--) {
      const found = this.#byKey[i]?.get(scope);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  hasCode(code: TicketCode): boolean {
    return this.#codes.some((generation) => generation.has(code));
  }

  /** Remembers a purchase under each of its sales. */
  add(purchase: Purchase): void {
    for (const item of purchase.items) {
      newest(this.#byKey, () => new Map<string, Purchase>()).set(
        scopeOf(item.sale, purchase.buyer, purchase.key),
        purchase,
      );
      const codes = newest(this.#codes, () => new Set<TicketCode>());
      for (const code of item.tickets) codes.add(code);
      const list = this.#bySale.get(item.sale);
      if (list === undefined) this.#bySale.set(item.sale, [purchase]);
      else list.push(purchase);
    }
  }

  /** The purchases of a sale by order number: entry 0 is order 1. Only ever appended to, so a reader may walk it. */
  ofSale(sale: SaleId): readonly Purchase[] {
    return this.#bySale.get(sale) ?? [];
  }
}

function scopeOf(sale: SaleId, buyer: BuyerId, key: PurchaseKey): string {
  return `${sale}\n${buyer}\n${key}`;
}

function newest<T extends { readonly size: number }>(generations: T[], make: () => T): T {
  const last = generations[generations.length - 1];
  if (last !== undefined && last.size < GENERATION_SIZE) return last;
  const next = make();
  generations.push(next);
  return next;
}
