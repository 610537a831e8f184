/** What everybody may look at: the page, the probes of whoever keeps the server running, and its figures. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { SaleId } from "../../box-office/sale.ts";
import type { JournalHealth } from "../../engine/ports.ts";
import type { Desk } from "../desk.ts";
import { PageFiles } from "./page-files.ts";
import { sendProblem } from "../problem.ts";

/** For a person who followed a wrong link. */
const UNKNOWN_SALE = "/unknown-sale.html";

interface Scrape {
  readonly type: string;
  readonly body: string;
}

export interface HttpSiteParts {
  readonly desk: Desk;
  /** Folder with the page's files. */
  readonly page: string;
  readonly readiness: () => JournalHealth | Promise<JournalHealth>;
  readonly metrics: () => Promise<Scrape>;
}

export class HttpSite {
  readonly #parts: HttpSiteParts;
  readonly #page: PageFiles;
  #scrape: { readonly at: number; readonly text: Promise<Scrape> } | null = null;

  constructor(parts: HttpSiteParts) {
    this.#parts = parts;
    this.#page = new PageFiles(parts.page, parts.desk.limits.http.pageBytes);
  }

  /** @param path without its query. */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendProblem(response.setHeader("allow", "GET, HEAD"), { reason: "method_not_allowed" });
    }
    switch (path) {
      case "/healthz":
        sendText(response, 200, "ok\n");
        return;
      case "/readyz": {
        const ready = await this.#parts.readiness();
        sendText(response, ready.ok ? 200 : 503, ready.ok ? "ready\n" : `${ready.why}\n`);
        return;
      }
      case "/metrics": {
        const { type, body } = await this.#metrics();
        response.writeHead(200, { "content-type": type }).end(body);
        return;
      }
      default:
        this.#servePage(request, response, path);
    }
  }

  /** Scrapes cost milliseconds; a second's worth of them is answered with one. One that fails is nobody else's. */
  #metrics(): Promise<Scrape> {
    const { clock, limits } = this.#parts.desk;
    const now = clock.monotonic();
    if (this.#scrape === null || now - this.#scrape.at >= limits.http.metricsMs) {
      const text = this.#parts.metrics();
      text.catch(() => (this.#scrape = null));
      this.#scrape = { at: now, text };
    }
    return this.#scrape.text;
  }

  /** Each sale has a page of its own; which sale it is, the page reads from its address. */
  #servePage(request: IncomingMessage, response: ServerResponse, path: string): void {
    const sale = /^\/vendas\/([A-Za-z0-9_-]{1,64})\/?$/.exec(path)?.[1];
    if (sale !== undefined && this.#parts.desk.counter.view(sale as SaleId) === undefined) {
      const isBrowser = request.headers.accept?.includes("text/html") === true;
      if (isBrowser && this.#page.serve(request, response, UNKNOWN_SALE, 404)) return;
      sendProblem(response, { reason: "unknown_sale" });
      return;
    }
    if (this.#page.serve(request, response, sale === undefined ? path : "/", 200)) return;
    sendProblem(response, { reason: "bad_message", detail: "Endereço desconhecido" });
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" })
    .end(text);
}
