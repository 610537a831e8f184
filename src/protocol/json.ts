/**
 * The JSON dialect on the server's side. Schemas stand at this edge only; inside, the types are trusted.
 */
import { z } from "zod";
import type { Answer } from "../box-office/answer.ts";
import type { BuyerId, SaleView } from "../box-office/sale.ts";
import type {
  ClientMessage,
  ErrorMessage,
  ReceiptMessage,
  RejectedMessage,
  ServerMessage,
  StockMessage,
} from "./messages.ts";
import { refusalWords, type Refusal } from "./refusals.ts";
import { isPurchaseKey, type Request, type RequestLimits } from "./request.ts";

export const buyerSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.@-]{1,64}$/)
  .transform((text) => text as BuyerId);

const LONGEST_ID = 64;

const idSchema = z.string().min(1).max(LONGEST_ID);
const offsetSchema = z.int().min(0);

const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("query"), id: idSchema.optional() }),
  z.object({
    type: z.literal("buy"),
    id: z.string(),
    quantity: z.unknown().default(1),
    buyer: buyerSchema.optional(),
  }),
  z.object({
    type: z.literal("subscribe"),
    from: z.object({ epoch: z.int().min(0), offset: offsetSchema }).optional(),
  }),
]);

const TYPES: ReadonlySet<unknown> = new Set<ClientMessage["type"]>(["query", "buy", "subscribe"]);

/** Reads one message. Never throws: what can't be understood is a `refused` request, with its `id` if it had one. */
export function parseMessage(text: string, limits: RequestLimits): Request {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused({ reason: "bad_message", detail: "A mensagem não é JSON" });
  }
  const fields = fieldsOf(value);
  // The schema would say the same, and takes ten times as long to make its error: a flood of rubbish is mostly this.
  if (fields === null) return refused({ reason: "bad_message", detail: complaint([]) });
  if (!TYPES.has(fields.type)) {
    return refused({ reason: "bad_message", detail: complaint(["type"]) }, echoOf(fields));
  }
  const parsed = messageSchema.safeParse(fields);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path ?? [];
    return refused({ reason: "bad_message", detail: complaint(path) }, echoOf(fields));
  }
  const message = parsed.data;
  switch (message.type) {
    case "query":
      return message.id === undefined ? { type: "query" } : { type: "query", id: message.id };
    case "subscribe":
      return {
        type: "subscribe",
        snapshot: true,
        ...(message.from === undefined ? {} : { from: message.from }),
      };
    case "buy":
      return readPurchase(message, limits);
  }
}

export function formatMessage(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** @param id the `id` of the request, where it had one. */
export function answerMessage(answer: Answer, id: string | undefined): ServerMessage {
  switch (answer.kind) {
    case "receipt":
      return receiptMessage(answer, id ?? "");
    case "stock":
      return stockMessage(answer.view, id);
    case "rejected":
      return refusalMessage(answer.rejection, id);
    case "audit":
      throw new Error("an audit is asked for over HTTP only");
  }
}

export function receiptMessage(receipt: Extract<Answer, { kind: "receipt" }>, id: string): ReceiptMessage {
  const item = receipt.items[0];
  if (item === undefined) throw new Error("a receipt without items");
  return {
    type: "receipt",
    id,
    sale: item.sale,
    tickets: item.codes.map((code) => ({ code })),
    remaining: item.remaining,
    order: item.order,
    position: receipt.position,
    at: receipt.at,
  };
}

export function stockMessage(view: SaleView, id?: string): StockMessage {
  const { sale, state, capacity, available, held, sold, position, at, opensAt } = view;
  return {
    type: "stock",
    ...(id === undefined ? {} : { id }),
    sale,
    state,
    capacity,
    available,
    held,
    sold,
    position,
    at,
    opensAt,
  };
}

export function refusalMessage(refusal: Refusal, id: string | undefined): RejectedMessage | ErrorMessage {
  const message = refusalWords(refusal);
  const echo = id === undefined ? {} : { id };
  if (refusal.reason === "bad_message" || refusal.reason === "binary") {
    return { type: "error", ...echo, code: "bad_message", message };
  }
  return { type: "rejected", ...echo, reason: refusal.reason, message, ...refusalFigures(refusal) };
}

/** The figures that a program needs beside the words. */
export function refusalFigures(refusal: Refusal): {
  remaining?: number;
  max?: number;
  retryAfterMs?: number;
} {
  switch (refusal.reason) {
    case "insufficient_stock":
      return { remaining: refusal.remaining };
    case "bad_quantity":
      return { max: refusal.max };
    case "not_open":
      return { retryAfterMs: refusal.opensInMs };
    case "rate_limited":
      return { retryAfterMs: refusal.retryAfterMs };
    default:
      return {};
  }
}

function readPurchase(
  message: { readonly id: string; readonly quantity: unknown; readonly buyer?: BuyerId | undefined },
  limits: RequestLimits,
): Request {
  const { id, quantity, buyer } = message;
  if (!isPurchaseKey(id)) return refused({ reason: "bad_key" }, id.slice(0, 64));
  if (!isQuantity(quantity, limits.maxQuantity)) {
    return refused({ reason: "bad_quantity", max: limits.maxQuantity }, id);
  }
  return { type: "buy", quantity, key: id, ...(buyer === undefined ? {} : { buyer }) };
}

function isQuantity(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
}

function refused(refusal: Refusal, id?: string): Request {
  return id === undefined ? { type: "refused", refusal } : { type: "refused", refusal, id };
}

/** Null for what isn't an object with fields. */
function fieldsOf(value: unknown): { readonly [name: string]: unknown } | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as { readonly [name: string]: unknown }) : null;
}

/** The `id` of a message that can't be understood, if it is one. */
function echoOf({ id }: { readonly [name: string]: unknown }): string | undefined {
  return typeof id === "string" && id.length >= 1 && id.length <= LONGEST_ID ? id : undefined;
}

/** One line that names the first field that is wrong. */
function complaint(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? "Mensagem inválida: um objeto com um type conhecido"
    : `Mensagem inválida: campo ${path.join(".")}`;
}
