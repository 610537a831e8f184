/**
 * The API for programs: what everybody may ask, and the way to what only the organiser may. Every command goes through
 * the same queue as everybody else's; what is only read comes from the last durable view.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Command } from "../../box-office/command.ts";
import type { SaleId } from "../../box-office/sale.ts";
import { buyerSchema, receiptMessage } from "../../protocol/json.ts";
import { isPurchaseKey } from "../../protocol/request.ts";
import { maskKey, nameSale } from "../describe.ts";
import type { Desk } from "../desk.ts";
import { readBody } from "./http-body.ts";
import { HttpExchange, saleBody } from "./http-exchange.ts";
import { route, type Route } from "./http-route.ts";
import { OrganiserApi, type OrganiserApiOptions } from "./organiser-api.ts";
import { peerOf } from "../peer-of.ts";
import { sendProblem } from "../problem.ts";
import { SalesList } from "./sales-list.ts";

const purchaseSchema = z.object({ quantity: z.unknown().default(1), buyer: buyerSchema.optional() });

export class HttpApi {
  readonly #desk: Desk;
  readonly #organiser: OrganiserApi;
  readonly #routes: readonly Route[];
  readonly #sales = new SalesList();

  constructor(options: OrganiserApiOptions) {
    this.#desk = options.desk;
    this.#organiser = new OrganiserApi(options);
    this.#routes = [
      route("GET", "/api/sales", "CONSULTAR", (exchange) => this.#list(exchange)),
      route("GET", "/api/sales/:id", "CONSULTAR", (exchange) => this.#show(exchange)),
      route("POST", "/api/sales/:id/purchases", "COMPRAR", (exchange) => this.#buy(exchange)),
      route("GET", "/api/sales/:id/audit", "AUDITAR", (exchange) => this.#audit(exchange)),
      ...this.#organiser.routes,
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
    const exchange = new HttpExchange(this.#desk, { request, response, sale, query: searchParams });
    if (pathname.startsWith("/api/admin/") && !this.#organiser.isOrganiser(request)) {
      return exchange.refuse(candidate.word + nameSale(sale), { reason: "unauthorized" });
    }
    await candidate.handle(exchange);
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

  #list(exchange: HttpExchange): void {
    exchange.sendBytes(200, this.#sales.bytes(this.#desk.counter.views()));
  }

  #show(exchange: HttpExchange): void {
    const view = this.#desk.counter.view(exchange.sale);
    if (view === undefined) sendProblem(exchange.response, { reason: "unknown_sale" });
    else exchange.sendJson(200, saleBody(view));
  }

  async #buy(exchange: HttpExchange): Promise<void> {
    const { request, sale } = exchange;
    const { limits, entropy, proxies, nameBuyer } = this.#desk;
    // Asked while it is still connected: afterwards the socket may not know any more.
    const { address } = peerOf(proxies, request, "http");
    const what = `COMPRAR${nameSale(sale)}`;
    const key = request.headers["idempotency-key"];
    if (key === undefined) return exchange.refuse(what, { reason: "key_required" });
    if (typeof key !== "string" || !isPurchaseKey(key)) return exchange.refuse(what, { reason: "bad_key" });
    const body = await readBody(request, purchaseSchema, limits.http.bodyBytes);
    if (!body.ok) return exchange.refuse(what, body.refusal);
    const { maxQuantity } = limits.rules;
    const { quantity } = body.value;
    if (
      typeof quantity !== "number" ||
      !Number.isInteger(quantity) ||
      quantity < 1 ||
      quantity > maxQuantity
    ) {
      return exchange.refuse(what, { reason: "bad_quantity", max: maxQuantity });
    }
    const buyer = body.value.buyer ?? nameBuyer(address);
    const codes = Array.from({ length: quantity }, () => entropy.ticketCode());
    const command: Command = { type: "buy", items: [{ sale, quantity, codes }], buyer, key };
    const answer = await exchange.ask(command, `COMPRAR ${quantity} ${maskKey(key)}${nameSale(sale)}`);
    if (answer.kind === "receipt") exchange.sendJson(201, receiptMessage(answer, key));
    else exchange.sendAnswer(answer, 200);
  }

  async #audit(exchange: HttpExchange): Promise<void> {
    const { sale, query } = exchange;
    if (query.get("recount") === "1") return this.#organiser.recount(exchange);
    const answer = await exchange.ask({ type: "audit", sale }, `AUDITAR${nameSale(sale)}`);
    exchange.sendAnswer(answer, 200);
  }
}

/** Read without `URL`, which throws at some addresses and takes others for hosts: what matches no route isn't there. */
function addressOf(request: IncomingMessage): { pathname: string; searchParams: URLSearchParams } {
  const [pathname = "/", query = ""] = (request.url ?? "/").split("?", 2);
  return { pathname, searchParams: new URLSearchParams(query) };
}

function plainMethod(request: IncomingMessage): string | undefined {
  return request.method === "HEAD" ? "GET" : request.method;
}
