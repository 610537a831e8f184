/** The HTTP side of the stub: the books, purchases with keys, the organiser's, and what the metrics say. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Office, Sale } from "./stub-office.ts";

export const STUB_TOKEN = "the-organiser-of-the-stub";

const MIB = 1024 * 1024;

interface Kept {
  readonly quantity: number;
  readonly receipt: Record<string, unknown>;
}

export class StubHttp {
  readonly #office: Office;
  readonly #kept = new Map<string, Kept>();
  #places = 0;
  #scrapes = 0;

  constructor(office: Office) {
    this.#office = office;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const [status, body] = this.#route(request, Buffer.concat(parts).toString());
    response.writeHead(status, { connection: "close" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  #route({ method, url = "", headers }: IncomingMessage, body: string): [number, object | string] {
    const { sale } = this.#office;
    const path = `/api/sales/${sale.sale}`;
    if (method === "POST" && url === "/api/admin/sales")
      return this.#create(String(headers.authorization), body);
    if (method === "POST" && url === `${path}/purchases`) {
      return this.#buy(String(headers["idempotency-key"]), body);
    }
    if (url === path) return [200, sale];
    if (url === `${path}/audit`) return [200, this.#audit(sale)];
    if (url === "/metrics") return [200, this.#metrics()];
    return [404, { reason: "unknown_sale" }];
  }

  #create(authorization: string, body: string): [number, object] {
    if (authorization !== `Bearer ${STUB_TOKEN}`) return [401, { reason: "unauthorized" }];
    const { id, capacity, opensAt } = JSON.parse(body) as { id: string; capacity: number; opensAt?: number };
    this.#office.begin(id, capacity, opensAt ?? null);
    return [201, this.#office.sale];
  }

  #buy(key: string, body: string): [number, object] {
    const { quantity } = JSON.parse(body) as { quantity: number };
    const kept = this.#kept.get(key);
    if (kept !== undefined && !this.#office.once("a key buys twice")) {
      if (this.#office.once("a key changes its receipt"))
        return [201, { ...kept.receipt, tickets: [{ code: "another" }] }];
      if (kept.quantity === quantity) return [201, kept.receipt];
      if (!this.#office.once("a key takes another order")) return [422, { reason: "idempotency_mismatch" }];
      return [201, kept.receipt];
    }
    const remaining = this.#office.take(null);
    if (remaining === null) return [409, { reason: "sold_out" }];
    this.#places += this.#places === 1 && this.#office.once("gives one place twice") ? 0 : 1;
    const tickets = [{ code: `${this.#places}-${remaining}` }];
    const receipt = { type: "receipt", id: key, tickets, remaining, order: this.#places };
    this.#kept.set(key, { quantity, receipt });
    return [201, receipt];
  }

  #metrics(): string {
    this.#scrapes += 1;
    const memory = 100 * MIB + (this.#office.lies("grows") ? this.#scrapes * 1000 * MIB : 0);
    return `bilheteria_process_resident_memory_bytes ${memory}\nbilheteria_sockets ${this.#office.sockets}\n`;
  }

  #audit({ capacity, available, held, sold }: Sale): object {
    const books = { capacity, available, held, sold, tickets: sold, balanced: true };
    if (this.#office.lies("audit does not balance")) return { ...books, balanced: false };
    if (this.#office.lies("audit loses a code")) return { ...books, tickets: sold - 1 };
    const more = this.#office.lies("audit hides a sale")
      ? -1
      : this.#office.lies("audit invents a sale")
        ? 1
        : 0;
    // Consistent in itself: only who counted the purchases can tell.
    return { ...books, capacity: capacity + more, sold: sold + more, tickets: sold + more };
  }
}
