/**
 * What the organiser does over HTTP: makes and changes sales, takes the list of who bought, has a sale counted anew. It is
 * apart from what everybody may ask, so that whatever opens with the token, and the token itself, stands in one file.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { Command } from "../../box-office/command.ts";
import type { Purchase } from "../../box-office/purchases.ts";
import type { Audit, SaleId } from "../../box-office/sale.ts";
import { TITLE } from "../../protocol/title.ts";
import { describeAnswer, nameSale } from "../describe.ts";
import type { Desk } from "../desk.ts";
import { readBody } from "./http-body.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { route, type Route } from "./http-route.ts";
import { sendProblem } from "../problem.ts";
import { sendTickets } from "./tickets-csv.ts";

export interface OrganiserApiOptions {
  readonly desk: Desk;
  readonly adminToken: string;
  /** The durable purchases of a sale, in order. */
  readonly purchases: (sale: SaleId) => Iterable<Purchase> | AsyncIterable<Purchase>;
  /** Counts a sale anew from the journal, off the queue; null where nothing is kept to count. */
  readonly recount: ((sale: SaleId) => Promise<Audit>) | null;
}

/** The last that a `Date` can be, as ECMAScript has it. */
const LAST_INSTANT = 8.64e15;

const isoSchema = z.iso.datetime({ offset: true });
/**
 * Epoch milliseconds, or a date as people write it; never one without a zone. Null isn't absent, but what `JSON.stringify`
 * makes of a date that is none: the sale would be open at once.
 */
const instant = z
  .unknown()
  .transform((value, context) => {
    const time = isoSchema.safeParse(value).success ? Date.parse(String(value)) : value;
    if (typeof time === "number" && Number.isSafeInteger(time) && time >= 0 && time <= LAST_INSTANT)
      return time;
    const message = "milissegundos desde 1970 ou uma data como 2026-12-01T20:00:00-03:00";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  })
  .optional();

/** What the organiser does without a body, and what the command log calls it. */
const CHANGES = [
  ["open", "ABRIR"],
  ["pause", "PAUSAR"],
  ["close", "ENCERRAR"],
] as const;
type Change = (typeof CHANGES)[number][0];

export class OrganiserApi {
  /** All under `/api/admin/`; whoever hands a request on to one of them has asked `isOrganiser` before. */
  readonly routes: readonly Route[];
  readonly #options: OrganiserApiOptions;
  readonly #saleSchema;
  readonly #restockSchema = z.object({ quantity: z.int() });
  /** Lists and recounts. */
  #underWay = 0;

  constructor(options: OrganiserApiOptions) {
    this.#options = options;
    // Nothing else: an `opens_at` that was passed over would put the tickets on sale at once.
    this.#saleSchema = z.strictObject({
      id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
      title: z.string().trim().regex(TITLE),
      capacity: z.int().min(1).max(options.desk.limits.rules.maxCapacity),
      opensAt: instant,
      closesAt: instant,
    });
    this.routes = [
      route("POST", "/api/admin/sales", "CRIAR", (exchange) => this.#create(exchange)),
      route("POST", "/api/admin/sales/:id/restock", "REPOR", (exchange) => this.#restock(exchange)),
      ...CHANGES.map(([type, word]) =>
        route("POST", `/api/admin/sales/:id/${type}`, word, (exchange) => this.#change(exchange, type, word)),
      ),
      route("GET", "/api/admin/sales/:id/tickets.csv", "INGRESSOS", (exchange) => this.#tickets(exchange)),
    ];
  }

  /** Compares hashes, so that neither the length nor the first wrong character shows in the time it takes. */
  isOrganiser(request: IncomingMessage): boolean {
    const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "");
    const given = createHash("sha256")
      .update(match?.[1] ?? "")
      .digest();
    return timingSafeEqual(given, createHash("sha256").update(this.#options.adminToken).digest());
  }

  /** The audit that costs a reading of the whole journal; its path is everybody's, so it asks for the token itself. */
  async recount(exchange: HttpExchange): Promise<void> {
    const { request, response, sale } = exchange;
    const { recount, desk } = this.#options;
    const what = `AUDITAR${nameSale(sale)}`;
    if (!this.isOrganiser(request)) exchange.refuse(what, { reason: "unauthorized" });
    else if (desk.counter.view(sale) === undefined) exchange.refuse(what, { reason: "unknown_sale" });
    else if (recount === null) {
      exchange.record(what, "bad_body");
      sendProblem(response, { reason: "bad_body", detail: "Sem diário em disco não há o que recontar" }, 409);
    } else {
      await this.#oneOfFew(exchange, what, async () => {
        const audit = await recount(sale);
        exchange.record(what, describeAnswer({ kind: "audit", audit }));
        exchange.sendJson(200, audit);
      });
    }
  }

  async #create(exchange: HttpExchange): Promise<void> {
    const { bodyBytes } = this.#options.desk.limits.http;
    const body = await readBody(exchange.request, this.#saleSchema, bodyBytes);
    if (!body.ok) return exchange.refuse("CRIAR", body.refusal);
    const { id, title, capacity, opensAt, closesAt } = body.value;
    const { desk } = this.#options;
    // Seconds taken for milliseconds would put the tickets on sale at once.
    if (typeof opensAt === "number" && opensAt <= desk.clock.now() && !desk.counter.view(id as SaleId))
      return exchange.refuse("CRIAR", { reason: "bad_times" });
    const command: Command = {
      type: "create",
      sale: id as SaleId,
      title,
      capacity,
      opensAt: opensAt ?? null,
      closesAt: closesAt ?? null,
    };
    exchange.sendAnswer(await exchange.ask(command, `CRIAR ${id} ${capacity}`, "organiser"), 201);
  }

  async #restock(exchange: HttpExchange): Promise<void> {
    const { request, sale } = exchange;
    const body = await readBody(request, this.#restockSchema, this.#options.desk.limits.http.bodyBytes);
    if (!body.ok) return exchange.refuse(`REPOR${nameSale(sale)}`, body.refusal);
    const { quantity } = body.value;
    const what = `REPOR ${quantity}${nameSale(sale)}`;
    exchange.sendAnswer(await exchange.ask({ type: "restock", sale, quantity }, what, "organiser"), 200);
  }

  async #change(exchange: HttpExchange, type: Change, word: string): Promise<void> {
    const { sale } = exchange;
    exchange.sendAnswer(await exchange.ask({ type, sale }, word + nameSale(sale), "organiser"), 200);
  }

  async #tickets(exchange: HttpExchange): Promise<void> {
    const { response, sale } = exchange;
    const { desk, purchases } = this.#options;
    const what = `INGRESSOS${nameSale(sale)}`;
    if (desk.counter.view(sale) === undefined) return exchange.refuse(what, { reason: "unknown_sale" });
    await this.#oneOfFew(exchange, what, async () => {
      // Whoever takes the list of buyers leaves a trace, also when it breaks off.
      exchange.record(what, "ok");
      await sendTickets(response, sale, purchases(sale));
    });
  }

  /** Each of these reads a whole sale, or a whole journal: even the organiser gets only a few of them at a time. */
  async #oneOfFew(exchange: HttpExchange, what: string, task: () => Promise<void>): Promise<void> {
    if (this.#underWay >= this.#options.desk.limits.http.readings)
      return exchange.refuse(what, { reason: "busy" });
    this.#underWay += 1;
    try {
      await task();
    } finally {
      this.#underWay -= 1;
    }
  }
}
