/**
 * The API for programs and for the organiser. Every command goes through the same queue as everybody else's; what is
 * only read comes from the last durable view.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { z } from "zod";
import type { Answer } from "../box-office/answer.ts";
import type { Command } from "../box-office/command.ts";
import type { Purchase } from "../box-office/purchases.ts";
import type { Audit, BuyerId, SaleId, SaleView } from "../box-office/sale.ts";
import { buyerSchema, receiptMessage, stockMessage } from "../protocol/json.ts";
import type { Refusal } from "../protocol/refusals.ts";
import { isPurchaseKey } from "../protocol/request.ts";
import { plainAddress } from "./address.ts";
import { describeAnswer, describeRefusal, maskKey } from "./describe.ts";
import type { Desk } from "./desk.ts";
import { readBody } from "./http-body.ts";
import { sendProblem } from "./problem.ts";
import { sendTickets } from "./tickets-csv.ts";

export interface HttpApiOptions {
  readonly desk: Desk;
  readonly adminToken: string;
  /** The durable purchases of a sale, in order. */
  readonly purchases: (sale: SaleId) => Iterable<Purchase>;
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
  readonly path: RegExp;
  readonly organiser: boolean;
  readonly handle: Handler;
}

const purchaseSchema = z.object({ quantity: z.unknown().optional(), buyer: buyerSchema.optional() });
/** Epoch milliseconds, or a date as people write it; never one without a zone. */
const INSTANT_WORDS = "milissegundos desde 1970 ou uma data como 2026-12-01T20:00:00-03:00";
const instant = z
  .union([z.int().min(0), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))], {
    error: INSTANT_WORDS,
  })
  .nullish();

/** What the organiser did, as the command log says it. */
const DEEDS = { open: "ABRIR", pause: "PAUSAR", close: "ENCERRAR", restock: "REPOR" } as const;

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
      route("GET", "/api/sales", false, (exchange) => this.#list(exchange)),
      route("GET", "/api/sales/:id", false, (exchange) => this.#show(exchange)),
      route("POST", "/api/sales/:id/purchases", false, (exchange) => this.#buy(exchange)),
      route("GET", "/api/sales/:id/audit", false, (exchange) => this.#audit(exchange)),
      route("POST", "/api/admin/sales", true, (exchange) => this.#create(exchange)),
      route("POST", "/api/admin/sales/:id/restock", true, (exchange) => this.#restock(exchange)),
      ...(["open", "pause", "close"] as const).map((type) =>
        route("POST", `/api/admin/sales/:id/${type}`, true, (exchange) =>
          this.#command(exchange, { type, sale: exchange.sale }),
        ),
      ),
      route("GET", "/api/admin/sales/:id/tickets.csv", true, (exchange) => this.#tickets(exchange)),
    ];
  }

  /** Answers a request for a path that begins with `/api/`. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const here = this.#routes.flatMap((candidate) => {
      const match = candidate.path.exec(pathname);
      return match === null ? [] : [{ candidate, sale: (match[1] ?? "") as SaleId }];
    });
    if (here.length === 0)
      return sendProblem(response, { reason: "bad_message", detail: "Endereço desconhecido" });
    const method = request.method === "HEAD" ? "GET" : request.method;
    const found = here.find(({ candidate }) => candidate.method === method);
    if (found === undefined) {
      response.setHeader("allow", here.map(({ candidate }) => candidate.method).join(", "));
      return sendProblem(response, { reason: "method_not_allowed" });
    }
    if (found.candidate.organiser && !this.#isOrganiser(request)) {
      return this.#refuse(request, response, "ORGANIZAR", { reason: "unauthorized" });
    }
    await found.candidate.handle({ request, response, sale: found.sale, query: searchParams });
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
    const { limits, entropy } = this.#options.desk;
    const key = request.headers["idempotency-key"];
    if (key === undefined) return this.#refuse(request, response, "COMPRAR", { reason: "key_required" });
    if (typeof key !== "string" || !isPurchaseKey(key)) {
      return this.#refuse(request, response, "COMPRAR", { reason: "bad_key" });
    }
    const body = await readBody(request, purchaseSchema, limits.http.bodyBytes);
    if (!body.ok) return this.#refuse(request, response, "COMPRAR", body.refusal);
    const { maxQuantity } = limits.rules;
    const quantity = body.value.quantity ?? 1;
    if (
      typeof quantity !== "number" ||
      !Number.isInteger(quantity) ||
      quantity < 1 ||
      quantity > maxQuantity
    ) {
      return this.#refuse(request, response, "COMPRAR", { reason: "bad_quantity", max: maxQuantity });
    }
    const buyer = body.value.buyer ?? (`ip:${plainAddress(request.socket.remoteAddress)}` as BuyerId);
    const codes = Array.from({ length: quantity }, () => entropy.ticketCode());
    const command: Command = { type: "buy", items: [{ sale, quantity, codes }], buyer, key };
    const answer = await this.#ask(
      request,
      command,
      `COMPRAR ${quantity} ${maskKey(key)}${sale === "default" ? "" : ` ${sale}`}`,
    );
    if (answer.kind === "receipt") sendJson(response, 201, receiptMessage(answer, key));
    else sendAnswer(response, answer, 200);
  }

  async #audit({ request, response, sale, query }: Exchange): Promise<void> {
    if (query.get("recount") !== "1") {
      sendAnswer(response, await this.#ask(request, { type: "audit", sale }, "AUDITAR"), 200);
      return;
    }
    const { recount, desk } = this.#options;
    if (!this.#isOrganiser(request)) sendProblem(response, { reason: "unauthorized" });
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
    if (!body.ok) return this.#refuse(request, response, `REPOR ${sale}`, body.refusal);
    await this.#command(exchange, { type: "restock", sale, quantity: body.value.quantity });
  }

  async #command({ request, response, sale }: Exchange, command: Command): Promise<void> {
    const deed = command.type in DEEDS ? DEEDS[command.type as keyof typeof DEEDS] : command.type;
    const what = command.type === "restock" ? `${deed} ${sale} ${command.quantity}` : `${deed} ${sale}`;
    sendAnswer(response, await this.#ask(request, command, what, "organiser"), 200);
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
      if (!this.#options.desk.counter.submit(command, resolve, priority)) {
        resolve({ kind: "rejected", rejection: { reason: "busy" } });
      }
    });
    this.#record(request, what, describeAnswer(answer));
    return answer;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, what: string, refusal: Refusal): void {
    this.#record(request, what, describeRefusal(refusal));
    sendProblem(response, refusal);
  }

  #record(request: IncomingMessage, command: string, outcome: string): void {
    const { recorder, clock } = this.#options.desk;
    // The types don't say it: there is no socket any more once the client went away within its request.
    const socket = request.socket as Socket | null;
    const address = plainAddress(socket?.remoteAddress);
    const port = socket?.remotePort ?? 0;
    const peer = { address, port, transport: "http" as const };
    recorder.record({ at: clock.now(), peer, command, outcome });
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

function route(method: Route["method"], path: string, organiser: boolean, handle: Handler): Route {
  const pattern = path.replace(".", "\\.").replace(":id", "([A-Za-z0-9_-]{1,64})");
  return { method, path: new RegExp(`^${pattern}$`), organiser, handle };
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
