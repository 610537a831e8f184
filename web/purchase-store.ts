/**
 * What must outlive a reload: purchases that have no answer yet, and receipts. Each stands under a name of its own,
 * so two tabs never read, change and write the same value, and neither can undo what the other did.
 */
import type { Position } from "../src/box-office/sale.ts";

/** `localStorage`, or what stands in for it. */
export interface KeyValueStore {
  readonly length: number;
  key(index: number): string | null;
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export interface PendingPurchase {
  readonly key: string;
  readonly sale: string;
  readonly buyer: string;
  readonly quantity: number;
  /** By the browser's clock, and compared with nothing else. */
  readonly madeAt: number;
}

export interface StoredReceipt {
  readonly key: string;
  readonly sale: string;
  readonly codes: readonly string[];
  /** Place in the order of arrival. */
  readonly order: number;
  readonly position: Position;
  /** Which one the position is of; absent in receipts of a page that didn't know yet. */
  readonly journal?: string;
  /** By the server's clock. */
  readonly at: number;
}

const PREFIX = "bilheteria";
const BUYER = `${PREFIX}:buyer`;

export class PurchaseStore {
  readonly #storage: KeyValueStore;
  readonly #pendingPrefix: string;
  readonly #sharedPrefix: string;
  readonly #receiptPrefix: string;

  constructor(storage: KeyValueStore, sale: string) {
    this.#storage = storage;
    this.#pendingPrefix = `${PREFIX}:sale:${sale}:pending:`;
    this.#sharedPrefix = `${PREFIX}:sale:${sale}:shared:`;
    this.#receiptPrefix = `${PREFIX}:sale:${sale}:receipt:`;
  }

  /** The buyer's id: made once, and kept. */
  buyer(newId: () => string): string {
    const known = this.#storage.getItem(BUYER);
    if (known !== null) return known;
    this.#storage.setItem(BUYER, newId());
    // Read back: another tab may have been first.
    return this.#storage.getItem(BUYER) ?? newId();
  }

  savePending(pending: PendingPurchase): void {
    this.#storage.setItem(this.#pendingPrefix + pending.key, JSON.stringify(pending));
  }

  hasPending(key: string): boolean {
    return this.#storage.getItem(this.#pendingPrefix + key) !== null;
  }

  dropPending(key: string): void {
    this.#storage.removeItem(this.#pendingPrefix + key);
    this.#storage.removeItem(this.#sharedPrefix + key);
  }

  /** Notes that a second page sends this purchase too; under a name of its own, or it could bring back one that ended. */
  markShared(key: string): void {
    this.#storage.setItem(this.#sharedPrefix + key, "yes");
  }

  isShared(key: string): boolean {
    return this.#storage.getItem(this.#sharedPrefix + key) !== null;
  }

  pendings(): PendingPurchase[] {
    return this.#read(this.#pendingPrefix, isPending).sort((a, b) => a.madeAt - b.madeAt);
  }

  saveReceipt(receipt: StoredReceipt): void {
    this.#storage.setItem(this.#receiptPrefix + receipt.key, JSON.stringify(receipt));
  }

  hasReceipt(key: string): boolean {
    return isReceipt(parse(this.#storage.getItem(this.#receiptPrefix + key)));
  }

  /** Newest first. */
  receipts(): StoredReceipt[] {
    return this.#read(this.#receiptPrefix, isReceipt).sort((a, b) => b.at - a.at || b.order - a.order);
  }

  /** Passes over what something else wrote there: the storage is shared with whatever else this host serves. */
  #read<T>(prefix: string, isOne: (value: unknown) => value is T): T[] {
    const found: T[] = [];
    for (let i = 0; i < this.#storage.length; i++) {
      const name = this.#storage.key(i);
      const value = name?.startsWith(prefix) ? parse(this.#storage.getItem(name)) : null;
      if (isOne(value)) found.push(value);
    }
    return found;
  }
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

function isPending(value: unknown): value is PendingPurchase {
  return has(value, ["key", "sale", "buyer"], isText) && has(value, ["quantity", "madeAt"], isInteger);
}

function isReceipt(value: unknown): value is StoredReceipt {
  return (
    has(value, ["key", "sale"], isText) &&
    has(value, ["order", "at"], isInteger) &&
    has(value, ["codes"], (codes) => Array.isArray(codes) && codes.every(isText)) &&
    has(value, ["journal"], (journal) => journal === undefined || isText(journal)) &&
    has(value, ["position"], (position) => has(position, ["epoch", "offset"], isInteger))
  );
}

function has(value: unknown, names: readonly string[], isRight: (field: unknown) => boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return names.every((name) => isRight(fields[name]));
}

function isText(field: unknown): field is string {
  return typeof field === "string";
}

function isInteger(field: unknown): field is number {
  return Number.isSafeInteger(field);
}
