/**
 * What the box office remembers of its purchases: which key bought what, and which codes are live. Refusals leave
 * nothing here, so the memory is bounded by the tickets sold; a purchase of one ticket takes about 200 bytes with its
 * places in the indexes.
 *
 * Purchases are kept as packed bytes and made objects again only for whoever asks, because a sale remembers millions
 * and asks for few. They are found by the hash of buyer and key, or of a code; what is found is compared in full, so
 * a hash that comes twice costs a comparison and nothing else. The hashes begin with a random number, so that nobody
 * can choose keys that fall together; no answer depends on it.
 */
import type { PurchasedItem } from "./event.ts";
import { finishHash, HashIndex, hashText } from "./hash-index.ts";
import { RecordStore, textWords, type RecordReader } from "./record-store.ts";
import type { BuyerId, Instant, PurchaseKey, SaleId, TicketCode } from "./sale.ts";

export interface Purchase {
  readonly buyer: BuyerId;
  readonly key: PurchaseKey;
  readonly at: Instant;
  readonly epoch: number;
  readonly offset: number;
  readonly items: readonly PurchasedItem[];
}

/** What there is to know of it but its place in the journal. */
type Bought = Omit<Purchase, "epoch" | "offset">;

/** For whoever keeps none: @throws {TypeError} where `add` would, because it isn't a purchase at all. */
export function checkPurchase(purchase: Purchase): void {
  wordsOf(purchase);
}

/** Codes whose places are brought near at once. Those of more would push each other out of the nearest caches. */
const MOST_EXPECTED = 512;

export class Purchases {
  readonly #records = new RecordStore();
  readonly #byKey = new HashIndex();
  readonly #byCode = new HashIndex();
  readonly #sales: SaleOrders[] = [];
  readonly #saleNumbers = new Map<SaleId, number>();
  /** The one that sold last, and its number: in a rush it is the same each time. */
  #recentSale: SaleId | null = null;
  #recentNumber = 0;
  /** Hashes of codes that will be asked for. */
  readonly #expected = new Int32Array(MOST_EXPECTED);
  #expectedCount = 0;
  readonly #seed = Math.floor(Math.random() * 0x1_0000_0000);
  /** Made once: each purchase asks. */
  readonly #holdsCode = (reference: number, code: TicketCode): boolean =>
    this.#read(reference).items.some((item) => item.codes.includes(code));

  /** The purchase that this key made in this sale, if it made one. */
  find(sale: SaleId, buyer: BuyerId, key: PurchaseKey): Purchase | undefined {
    const saleNumber = this.#saleNumbers.get(sale);
    if (saleNumber === undefined) return undefined;
    const hash = hashScope(hashText(hashText(this.#seed, buyer), key), saleNumber);
    const found = this.#byKey.find(hash, null, (reference) => {
      const purchase = this.#read(reference);
      return (
        purchase.buyer === buyer && purchase.key === key && purchase.items.some((item) => item.sale === sale)
      );
    });
    return found === -1 ? undefined : this.#read(found);
  }

  hasCode(code: TicketCode): boolean {
    return this.#byCode.find(this.#hashCode(code), code, this.#holdsCode) !== -1;
  }

  /** Says that `hasCode` will be asked for it soon: a hint, which changes no answer; beyond `MOST_EXPECTED` it is forgotten. */
  expectCode(code: TicketCode): void {
    if (this.#expectedCount < MOST_EXPECTED) this.#expected[this.#expectedCount++] = this.#hashCode(code);
  }

  /** Brings what is known of the expected codes near, all of it at once. */
  prefetch(): void {
    this.#byCode.prefetch(this.#expected, this.#expectedCount);
    this.#expectedCount = 0;
  }

  /** Remembers a purchase under each of its sales. @param epoch @param offset its place in the journal. */
  add(purchase: Bought, epoch: number, offset: number): void {
    const { buyer, key, items } = purchase;
    const records = this.#records;
    const reference = records.begin(wordsOf(purchase));
    records.writeNumber(purchase.at);
    records.writeNumber(offset);
    records.writeWord(epoch);
    const hash = records.writeText(key, records.writeText(buyer, this.#seed));
    records.writeWord(items.length);
    for (const { sale, order, remaining, codes } of items) {
      const saleNumber = this.#saleNumber(sale);
      records.writeWord(saleNumber);
      records.writeWord(order);
      records.writeWord(remaining);
      records.writeWord(codes.length);
      for (const code of codes) {
        this.#byCode.add(finishHash(records.writeText(code, this.#seed)), reference);
      }
      this.#byKey.add(hashScope(hash, saleNumber), reference);
      this.#sales[saleNumber]?.add(reference);
    }
    records.end();
  }

  /** The purchases of a sale by order number after the first `from`, as many as there are when the walk gets there. */
  *ofSale(sale: SaleId, from = 0): Generator<Purchase> {
    const orders = this.#sales[this.#saleNumbers.get(sale) ?? -1];
    if (orders === undefined) return;
    for (let i = from; i < orders.length; i++) yield this.#read(orders.at(i));
  }

  #hashCode(code: TicketCode): number {
    return finishHash(hashText(this.#seed, code));
  }

  #read(reference: number): Purchase {
    const record = this.#records.read(reference);
    const at = record.number();
    const offset = record.number();
    const epoch = record.word();
    const buyer = record.text() as BuyerId;
    const key = record.text() as PurchaseKey;
    const items = Array.from({ length: record.word() }, () => this.#readItem(record));
    return { buyer, key, at, epoch, offset, items };
  }

  #readItem(record: RecordReader): PurchasedItem {
    const { sale } = this.#sales[record.word()] as SaleOrders;
    const order = record.word();
    const remaining = record.word();
    const codes = Array.from({ length: record.word() }, () => record.text() as TicketCode);
    return { sale, order, remaining, codes };
  }

  #saleNumber(sale: SaleId): number {
    if (sale === this.#recentSale) return this.#recentNumber;
    let number = this.#saleNumbers.get(sale);
    if (number === undefined) {
      number = this.#sales.length;
      this.#sales.push(new SaleOrders(sale));
      this.#saleNumbers.set(sale, number);
    }
    this.#recentSale = sale;
    this.#recentNumber = number;
    return number;
  }
}

/** References to the purchases of one sale, in pieces so that growing copies next to nothing. */
class SaleOrders {
  readonly sale: SaleId;
  readonly #pieces: Uint32Array[] = [];
  /** The one that is being filled. */
  #piece = new Uint32Array(0);
  length = 0;

  constructor(sale: SaleId) {
    this.sale = sale;
  }

  add(reference: number): void {
    const within = this.length % PIECE;
    if (within === 0) this.#pieces.push((this.#piece = new Uint32Array(this.length === 0 ? LEAST : PIECE)));
    else if (within === this.#piece.length) this.#double();
    this.#piece[within] = reference;
    this.length += 1;
  }

  at(index: number): number {
    return this.#pieces[Math.floor(index / PIECE)]?.[index % PIECE] as number;
  }

  #double(): void {
    const piece = new Uint32Array(this.#piece.length * 2);
    piece.set(this.#piece);
    this.#pieces[this.#pieces.length - 1] = piece;
    this.#piece = piece;
  }
}

const PIECE = 4_096;

/** How long the first piece is before it grows, by doubling: thousands of sales may sell a few tickets each. */
const LEAST = 16;

/** An upper bound of what its record takes. */
function wordsOf({ buyer, key, items }: Bought): number {
  let words = 6 + textWords(buyer) + textWords(key);
  for (const { codes } of items) {
    words += 4;
    for (const code of codes) words += textWords(code);
  }
  return words;
}

function hashScope(buyerAndKey: number, saleNumber: number): number {
  return finishHash(buyerAndKey ^ Math.imul(saleNumber + 1, 0x9e3779b1));
}
