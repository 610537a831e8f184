/** What the page's logic is plugged into when there is no browser. */
import type { HelloMessage, ReceiptMessage, StockMessage } from "../../src/protocol/messages.ts";
import type { Socket, SocketEvents } from "../../web/connection.ts";
import type { KeyValueStore } from "../../web/purchase-store.ts";
import type { Timers } from "../../web/timers.ts";
import type { ManualTime } from "../support/manual-time.ts";

export function timersOf(time: ManualTime): Timers {
  return {
    monotonic: () => time.monotonic(),
    after: (ms, task) => {
      const timer = time.after(ms, task);
      return () => timer.cancel();
    },
  };
}

/** A `localStorage`: what is in it survives the objects that use it. */
export class MapStorage implements KeyValueStore {
  readonly entries = new Map<string, string>();

  get length(): number {
    return this.entries.size;
  }

  key(index: number): string | null {
    return [...this.entries.keys()][index] ?? null;
  }

  getItem(name: string): string | null {
    return this.entries.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.entries.set(name, value);
  }

  removeItem(name: string): void {
    this.entries.delete(name);
  }
}

export class FakeSocket implements Socket {
  readonly sent: Record<string, unknown>[] = [];
  readonly events: SocketEvents;
  closed = false;

  constructor(events: SocketEvents) {
    this.events = events;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  say(message: object): void {
    this.events.message(JSON.stringify(message));
  }
}

export function hello(serverTime = 0): HelloMessage {
  const protocol = "bilheteria.json.v1";
  return {
    type: "hello",
    server: "test",
    protocol,
    serverTime,
    sale: "show",
    title: "Show",
    maxQuantity: 10,
    journal: "j",
  };
}

export function stock(changes: Partial<StockMessage> = {}): StockMessage {
  return {
    type: "stock",
    sale: "show",
    state: "open",
    capacity: 10,
    available: 10,
    held: 0,
    sold: 0,
    position: { epoch: 1, offset: 0 },
    at: 0,
    opensAt: null,
    ...changes,
  };
}

export function receipt(changes: Partial<ReceiptMessage> = {}): ReceiptMessage {
  return {
    type: "receipt",
    id: "key",
    sale: "show",
    tickets: [{ code: "K7QM4TXR9WPD" }],
    remaining: 9,
    order: 1,
    position: { epoch: 1, offset: 1 },
    at: 5,
    ...changes,
  };
}
