/**
 * Buys once, whatever happens. A purchase gets its key and is written down before it is sent; it is sent again with
 * that same key after every interruption, reloads included, until the server has answered it. Only an answer ends it:
 * a receipt, or a refusal by somebody who looked at the key, which leaves it unused. `busy` and `rate_limited` come from
 * whoever didn't look: they tell nothing of an earlier try whose answer was lost, and that one may have bought. So they
 * end only a purchase whose every try was made by one page and answered; of another the buyer is asked, and it stays
 * written down.
 *
 * What can go wrong, and why it doesn't: the answer is lost (the key is sent again and returns the same receipt); the
 * page is reloaded before the answer (the purchase stands in the store); two tabs send the same key (one purchase, one
 * receipt, kept under its key, shown once); another tab was refused (the purchase is gone from the store, so this one
 * doesn't try it again); the page comes back a day later (an old purchase waits for its buyer to say go).
 */
import type {
  ClientMessage,
  ErrorMessage,
  ReceiptMessage,
  RejectedMessage,
} from "../src/protocol/messages.ts";
import { backoffDelay } from "./backoff.ts";
import { PAGE_LIMITS } from "./limits.ts";
import type { PendingPurchase, PurchaseStore, StoredReceipt } from "./purchase-store.ts";
import type { Timers } from "./timers.ts";

export interface PurchaseParts {
  readonly sale: string;
  readonly store: PurchaseStore;
  readonly timers: Timers;
  readonly random: () => number;
  /** The browser's wall clock. */
  readonly today: () => number;
  /** Unguessable, of the characters that a key may have. */
  readonly newKey: () => string;
  /** @returns false when there is no connection; the purchase is then sent once there is one. */
  readonly send: (message: ClientMessage) => boolean;
  readonly changed: () => void;
}

/** Where an unanswered purchase stands. Times are monotonic. */
export type Progress =
  /** Sent, or about to be as soon as there is a connection. */
  | { readonly kind: "sent"; readonly since: number }
  /** Put off by the server; sent again by itself. */
  | { readonly kind: "waiting"; readonly reason: string; readonly retryAt: number; readonly tries: number }
  /** From another day, or tried in vain though it may have bought already: sent only if its buyer says so. */
  | { readonly kind: "asking" };

export interface Attempt {
  readonly pending: PendingPurchase;
  readonly progress: Progress;
}

export type Outcome =
  | { readonly kind: "bought"; readonly receipt: StoredReceipt }
  | { readonly kind: "refused"; readonly refusal: RejectedMessage };

interface Entry {
  readonly pending: PendingPurchase;
  progress: Progress;
  /** Answered ones, since it was made or its buyer said go. */
  tries: number;
  /** The newest try was sent and has no answer. */
  unanswered: boolean;
  /** An earlier try was sent, by this page or by the one before, and will never be answered. */
  doubtful: boolean;
  callOff: () => void;
}

/** Answered without a look at the key. */
const AGAIN: ReadonlySet<string> = new Set(["busy", "rate_limited"]);

export class Purchases {
  readonly #parts: PurchaseParts;
  readonly #entries = new Map<string, Entry>();
  #receipts: readonly StoredReceipt[];
  #restsUntil = -Infinity;
  /** How the newest purchase of this tab ended. */
  outcome: Outcome | null = null;
  #outcomes = 0;

  constructor(parts: PurchaseParts) {
    this.#parts = parts;
    this.#receipts = parts.store.receipts();
    this.#adopt();
  }

  /** How many purchases of this tab ended: it tells an outcome from the one before that says the same. */
  get outcomes(): number {
    return this.#outcomes;
  }

  /** Newest first; kept across reloads. */
  get receipts(): readonly StoredReceipt[] {
    return this.#receipts;
  }

  /** The purchase that has no answer yet; a new one can't be made before it is settled. */
  get current(): Attempt | null {
    for (const { pending, progress } of this.#entries.values()) return { pending, progress };
    return null;
  }

  /** Just bought: a press that comes now was meant for that purchase. */
  get resting(): boolean {
    return this.#parts.timers.monotonic() < this.#restsUntil;
  }

  /** @returns false, and buys nothing, while another purchase has no answer or has had it only just now. */
  buy(quantity: number): boolean {
    const { store, sale, newKey, today } = this.#parts;
    if (this.#entries.size > 0 || this.resting) return false;
    const pending = { key: newKey(), sale, buyer: store.buyer(newKey), quantity, madeAt: today() };
    store.savePending(pending);
    this.outcome = null;
    this.#send(this.#enter(pending, false));
    this.#parts.changed();
    return true;
  }

  /** Sends everything that has no answer; after each `hello`. */
  resume(): void {
    for (const entry of this.#entries.values()) {
      if (entry.progress.kind !== "asking") this.#send(entry);
    }
    this.#parts.changed();
  }

  /** The buyer wants the old purchase after all. */
  goAhead(): void {
    for (const entry of this.#entries.values()) {
      if (entry.progress.kind !== "asking") continue;
      entry.tries = 0;
      this.#send(entry);
    }
    this.#parts.changed();
  }

  /** The buyer doesn't want it any more. */
  giveUp(): void {
    for (const { pending, progress } of this.#entries.values()) {
      if (progress.kind === "asking") this.#drop(pending.key);
    }
    this.#parts.changed();
  }

  /** @param journal of the server that said it. */
  takeReceipt(message: ReceiptMessage, journal?: string): void {
    const { store, sale, timers, changed } = this.#parts;
    if (message.sale !== sale) return;
    const { id: key, order, position, at } = message;
    const codes = message.tickets.map(({ code }) => code);
    const of = journal === undefined ? {} : { journal };
    const receipt = { key, sale, codes, order, position, ...of, at };
    // First the receipt, then the end of the purchase: a page that dies between the two asks again, which is harmless.
    store.saveReceipt(receipt);
    this.#drop(key);
    this.#receipts = store.receipts();
    this.#end({ kind: "bought", receipt });
    this.#restsUntil = timers.monotonic() + PAGE_LIMITS.restMs;
    timers.after(PAGE_LIMITS.restMs, changed);
    changed();
  }

  takeRefusal(message: RejectedMessage | ErrorMessage): void {
    const entry = message.id === undefined ? undefined : this.#entries.get(message.id);
    if (entry === undefined) return;
    const refusal: RejectedMessage =
      message.type === "rejected"
        ? message
        : { type: "rejected", reason: message.code, message: message.message };
    entry.tries += 1;
    entry.unanswered = false;
    const again = AGAIN.has(refusal.reason);
    if (again && entry.tries < PAGE_LIMITS.purchaseTries) {
      this.#putOff(entry, refusal);
    } else if (again && (entry.doubtful || this.#parts.store.isShared(entry.pending.key))) {
      entry.progress = { kind: "asking" };
    } else {
      this.#drop(entry.pending.key);
      this.#end({ kind: "refused", refusal });
    }
    this.#parts.changed();
  }

  /** Another tab changed the store. */
  storeChanged(): void {
    const { store, changed } = this.#parts;
    this.#receipts = store.receipts();
    for (const key of this.#entries.keys()) {
      if (store.hasPending(key)) continue;
      const receipt = this.#receipts.find((receipt) => receipt.key === key);
      if (receipt !== undefined) this.#end({ kind: "bought", receipt });
      this.#drop(key);
    }
    changed();
  }

  #adopt(): void {
    const { store, today } = this.#parts;
    for (const pending of store.pendings()) {
      if (store.hasReceipt(pending.key)) {
        store.dropPending(pending.key);
        continue;
      }
      const age = today() - pending.madeAt;
      const entry = this.#enter(pending, age < 0 || age > PAGE_LIMITS.pendingFreshMs);
      entry.doubtful = true;
      store.markShared(pending.key);
    }
  }

  #enter(pending: PendingPurchase, old: boolean): Entry {
    const since = this.#parts.timers.monotonic();
    const progress: Progress = old ? { kind: "asking" } : { kind: "sent", since };
    const entry: Entry = {
      pending,
      progress,
      tries: 0,
      unanswered: false,
      doubtful: false,
      callOff: () => {},
    };
    this.#entries.set(pending.key, entry);
    return entry;
  }

  #send(entry: Entry): void {
    const { store, send, timers } = this.#parts;
    const { key, quantity, buyer } = entry.pending;
    entry.callOff();
    if (!store.hasPending(key)) {
      this.#drop(key);
      return;
    }
    entry.progress = { kind: "sent", since: timers.monotonic() };
    // It is sent again while one is under way only after the connection was lost, and that one's answer with it.
    entry.doubtful ||= entry.unanswered;
    entry.unanswered = send({ type: "buy", id: key, quantity, buyer });
  }

  /** The jitter keeps a crowd that was put off together from coming back together. */
  #putOff(entry: Entry, { reason, retryAfterMs = 0 }: RejectedMessage): void {
    const { timers, random, changed } = this.#parts;
    const wait = retryAfterMs + 100 + backoffDelay(entry.tries - 1, PAGE_LIMITS.purchaseRetry, random);
    entry.progress = { kind: "waiting", reason, retryAt: timers.monotonic() + wait, tries: entry.tries };
    entry.callOff = timers.after(wait, () => {
      this.#send(entry);
      changed();
    });
  }

  #end(outcome: Outcome): void {
    this.outcome = outcome;
    this.#outcomes += 1;
  }

  #drop(key: string): void {
    this.#entries.get(key)?.callOff();
    this.#entries.delete(key);
    this.#parts.store.dropPending(key);
  }
}
