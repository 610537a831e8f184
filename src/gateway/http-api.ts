/**
 * The API for programs and for the organiser. Every command goes through the same queue as everybody else's; what is
 * only read comes from the last durable view.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Answer } from "../box-office/answer.ts";
import type { Command } from "../box-office/command.ts";
import type { Purchase } from "../box-office/purchases.ts";
import type { Audit, SaleId, SaleView } from "../box-office/sale.ts";
import type { CommandRecord } from "../engine/ports.ts";
import { buyerSchema, receiptMessage, stockMessage } from "../protocol/json.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { isPurchaseKey } from "../protocol/request.ts";
import { boughtBy, describeAnswer, describeRefusal, maskKey, nameSale } from "./describe.ts";
import type { Desk } from "./desk.ts";
import { readBody } from "./http-body.ts";
import { peerOf } from "./peer-of.ts";
import { sendProblem } from "./problem.ts";
import { sendTickets } from "./tickets-csv.ts";

export interface HttpApiOptions {
  readonly desk: Desk;
  readonly adminToken: string;
  /** The durable purchases of a sale, in order. */
  readonly purchases: (sale: SaleId) => Iterable<Purchase> | AsyncIterable<Purchase>;
  /** Counts a sale anew from the journal, off the queue; null where nothing is kept to count. */
  readonly recount: ((sale: SaleId) => Promise<Audit>) | null;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly sale: SaleId;
  readonly query: URLSearchParams;
}

interface Route {
  readonly method: "GET" | "POST";
  /** As it is documented, with `:id` for a sale. */
  readonly path: string;
  readonly pattern: RegExp;
  /** What the command log calls it. */
  readonly word: string;
  readonly handle: Handler;
}

const purchaseSchema = z.object({ quantity: z.unknown().optional(), buyer: buyerSchema.optional() });
const isoSchema = z.iso.datetime({ offset: true });
/** Epoch milliseconds, or a date as people write it; never one without a zone. */
const instant = z
  .unknown()
  .transform((value, context) => {
    const time = isoSchema.safeParse(value).success ? Date.parse(String(value)) : value;
    if (typeof time === "number" && Number.isSafeInteger(time) && time >= 0) return time;
    const message = "milissegundos desde 1970 ou uma data como 2026-12-01T20:00:00-03:00";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  })
  .nullish();

/** What the organiser does without a body, and what the command log calls it. */
const CHANGES = [
  ["open", "ABRIR"],
  ["pause", "PAUSAR"],
  ["close", "ENCERRAR"],
] as const;
type Change = (typeof CHANGES)[number][0];

export class HttpApi {
  readonly #options: HttpApiOptions;
  readonly #routes: readonly Route[];
  readonly #saleSchema;
  readonly #restockSchema = z.object({ quantity: z.int() });

  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.#saleSchema = z.object({
      id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
      title: z.string().trim().min(1).max(200),
      capacity: z.int().min(1).max(options.desk.limits.rules.maxCapacity),
      opensAt: instant,
      closesAt: instant,
    });
    this.#routes = [
      route("GET", "/api/sales", "CONSULTAR", (exchange) => this.#list(exchange)),
      route("GET", "/api/sales/:id", "CONSULTAR", (exchange) => this.#show(exchange)),
      route("POST", "/api/sales/:id/purchases", "COMPRAR", (exchange) => this.#buy(exchange)),
      route("GET", "/api/sales/:id/audit", "AUDITAR", (exchange) => this.#audit(exchange)),
      route("POST", "/api/admin/sales", "CRIAR", (exchange) => this.#create(exchange)),
      route("POST", "/api/admin/sales/:id/restock", "REPOR", (exchange) => this.#restock(exchange)),
      ...CHANGES.map(([type, word]) =>
        route("POST", `/api/admin/sales/:id/${type}`, word, (exchange) => this.#change(exchange, type, word)),
      ),
      route("GET", "/api/admin/sales/:id/tickets.csv", "INGRESSOS", (exchange) => this.#tickets(exchange)),
    ];
  }

  /** Every route there is. */
  get routes(): readonly Pick<Route, "method" | "path">[] {
    return this.#routes;
  }

  /** Answers a request for a path that begins with `/api/`. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = addressOf(request);
    const here = this.#routesAt(pathname);
    if (here.length === 0)
      return sendProblem(response, { reason: "bad_message", detail: "Endereço desconhecido" });
    const found = here.find(({ candidate }) => candidate.method === plainMethod(request));
    if (found === undefined) {
      const methods = here.map(({ candidate }) => (candidate.method === "GET" ? "GET, HEAD" : "POST"));
      return sendProblem(response.setHeader("allow", methods.join(", ")), { reason: "method_not_allowed" });
    }
    const { candidate, sale } = found;
    if (pathname.startsWith("/api/admin/") && !this.#isOrganiser(request)) {
      return this.#refuse(request, response, candidate.word + nameSale(sale), { reason: "unauthorized" });
    }
    await candidate.handle({ request, response, sale, query: searchParams });
  }

  /** What the command log calls a request that is refused before it is looked at. */
  describe(request: IncomingMessage): string {
    const { pathname } = addressOf(request);
    const found = this.#routesAt(pathname).find(({ candidate }) => candidate.method === plainMethod(request));
    return found === undefined
      ? `${request.method ?? ""} ${pathname}`
      : found.candidate.word + nameSale(found.sale);
  }

  #routesAt(pathname: string): { readonly candidate: Route; readonly sale: SaleId }[] {
    return this.#routes.flatMap((candidate) => {
      const match = candidate.pattern.exec(pathname);
      return match === null ? [] : [{ candidate, sale: (match[1] ?? "") as SaleId }];
    });
  }

  #list({ response }: Exchange): void {
    sendJson(response, 200, [...this.#options.desk.counter.views()].map(saleBody));
  }

  #show({ response, sale }: Exchange): void {
    const view = this.#options.desk.counter.view(sale);
    if (view === undefined) sendProblem(response, { reason: "unknown_sale" });
    else sendJson(response, 200, saleBody(view));
  }

  async #buy({ request, response, sale }: Exchange): Promise<void> {
    const { limits, entropy, proxies, nameBuyer } = this.#options.desk;
    // Asked while it is still connected: afterwards the socket may not know any more.
    const { address } = peerOf(proxies, request, "http");
    const what = `COMPRAR${nameSale(sale)}`;
    const key = request.headers["idempotency-key"];
    if (key === undefined) return this.#refuse(request, response, what, { reason: "key_required" });
    if (typeof key !== "string" || !isPurchaseKey(key)) {
      return this.#refuse(request, response, what, { reason: "bad_key" });
    }
    const body = await readBody(request, purchaseSchema, limits.http.bodyBytes);
    if (!body.ok) return this.#refuse(request, response, what, body.refusal);
    const { maxQuantity } = limits.rules;
    const quantity = body.value.quantity ?? 1;
    if (
      typeof quantity !== "number" ||
      !Number.isInteger(quantity) ||
      quantity < 1 ||
      quantity > maxQuantity
    ) {
      return this.#refuse(request, response, what, { reason: "bad_quantity", max: maxQuantity });
    }
    const buyer = body.value.buyer ?? nameBuyer(address);
    const codes = Array.from({ length: quantity }, () => entropy.ticketCode());
    const command: Command = { type: "buy", items: [{ sale, quantity, codes }], buyer, key };
    const answer = await this.#ask(request, command, `COMPRAR ${quantity} ${maskKey(key)}${nameSale(sale)}`);
    if (answer.kind === "receipt") sendJson(response, 201, receiptMessage(answer, key));
    else sendAnswer(response, answer, 200);
  }

  async #audit({ request, response, sale, query }: Exchange): Promise<void> {
    if (query.get("recount") !== "1") {
      sendAnswer(
        response,
        await this.#ask(request, { type: "audit", sale }, `AUDITAR${nameSale(sale)}`),
        200,
      );
      return;
    }
    const { recount, desk } = this.#options;
    if (!this.#isOrganiser(request))
      this.#refuse(request, response, `AUDITAR${nameSale(sale)}`, { reason: "unauthorized" });
    else if (desk.counter.view(sale) === undefined) sendProblem(response, { reason: "unknown_sale" });
    else if (recount === null) {
      sendProblem(response, { reason: "bad_body", detail: "Sem diário em disco não há o que recontar" }, 409);
    } else sendJson(response, 200, await recount(sale));
  }

  async #create({ request, response }: Exchange): Promise<void> {
    const body = await readBody(request, this.#saleSchema, this.#options.desk.limits.http.bodyBytes);
    if (!body.ok) return this.#refuse(request, response, "CRIAR", body.refusal);
    const { id, title, capacity, opensAt, closesAt } = body.value;
    const command: Command = {
      type: "create",
      sale: id as SaleId,
      title,
      capacity,
      opensAt: opensAt ?? null,
      closesAt: closesAt ?? null,
    };
    sendAnswer(response, await this.#ask(request, command, `CRIAR ${id} ${capacity}`, "organiser"), 201);
  }

  async #restock(exchange: Exchange): Promise<void> {
    const { request, response, sale } = exchange;
    const body = await readBody(request, this.#restockSchema, this.#options.desk.limits.http.bodyBytes);
    if (!body.ok) return this.#refuse(request, response, `REPOR${nameSale(sale)}`, body.refusal);
    const { quantity } = body.value;
    const what = `REPOR ${quantity}${nameSale(sale)}`;
    sendAnswer(
      response,
      await this.#ask(request, { type: "restock", sale, quantity }, what, "organiser"),
      200,
    );
  }

  async #change({ request, response, sale }: Exchange, type: Change, word: string): Promise<void> {
    const what = word + nameSale(sale);
    sendAnswer(response, await this.#ask(request, { type, sale }, what, "organiser"), 200);
  }

  async #tickets({ response, sale }: Exchange): Promise<void> {
    if (this.#options.desk.counter.view(sale) === undefined)
      sendProblem(response, { reason: "unknown_sale" });
    else await sendTickets(response, sale, this.#options.purchases(sale));
  }

  async #ask(
    request: IncomingMessage,
    command: Command,
    what: string,
    priority?: "organiser",
  ): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      if (!this.#options.desk.counter.submit({ command, reply: resolve }, priority)) {
        resolve({ kind: "rejected", rejection: { reason: "busy" } });
      }
    });
    this.#record(request, what, describeAnswer(answer), boughtBy(answer));
    return answer;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, what: string, refusal: Refusal): void {
    this.#record(request, what, describeRefusal(refusal));
    sendProblem(response, refusal);
  }

  #record(
    request: IncomingMessage,
    command: string,
    outcome: string,
    bought?: CommandRecord["bought"],
  ): void {
    const { recorder, clock, proxies } = this.#options.desk;
    const peer = peerOf(proxies, request, "http");
    recorder?.record({ at: clock.now(), peer, command, outcome, bought });
  }

  /** Compares hashes, so that neither the length nor the first wrong character shows in the time it takes. */
  #isOrganiser(request: IncomingMessage): boolean {
    const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "");
    const given = createHash("sha256")
      .update(match?.[1] ?? "")
      .digest();
    return timingSafeEqual(given, createHash("sha256").update(this.#options.adminToken).digest());
  }
}

function route(method: Route["method"], path: string, word: string, handle: Handler): Route {
  const pattern = path.replace(".", "\\.").replace(":id", "([A-Za-z0-9_-]{1,64})");
  return { method, path, pattern: new RegExp(`^${pattern}$`), word, handle };
}

/** Read without `URL`, which throws at some addresses and takes others for hosts: what matches no route isn't there. */
function addressOf(request: IncomingMessage): { pathname: string; searchParams: URLSearchParams } {
  const [pathname = "/", query = ""] = (request.url ?? "/").split("?", 2);
  return { pathname, searchParams: new URLSearchParams(query) };
}

function plainMethod(request: IncomingMessage): string | undefined {
  return request.method === "HEAD" ? "GET" : request.method;
}

function sendAnswer(response: ServerResponse, answer: Answer, status: number): void {
  switch (answer.kind) {
    case "rejected":
      sendProblem(response, answer.rejection);
      return;
    case "stock":
      sendJson(response, status, saleBody(answer.view));
      return;
    case "audit":
      sendJson(response, status, answer.audit);
      return;
    case "receipt":
      sendJson(response, status, receiptMessage(answer, ""));
  }
}

function saleBody(view: SaleView): object {
  const { type: _type, ...stock } = stockMessage(view);
  return { ...stock, title: view.title, closesAt: view.closesAt };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
    })
    .end(text);
}
