/**
 * The text dialect: Portuguese words, one line each way. What people type into wscat, nc and telnet, and what the
 * classroom's clients send.
 */
import type { Answer } from "../box-office/answer.ts";
import type { NoticeMessage } from "./messages.ts";
import { refusalWords, type Refusal } from "./refusals.ts";
import { isPurchaseKey, type Request, type RequestLimits } from "./request.ts";

export const TEXT = {
  help: "Comandos: CONSULTAR, COMPRAR [quantidade] [chave], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR",
  subscribed: "Assinatura ativa",
  unsubscribed: "Assinatura cancelada",
  goodbye: "Até logo",
  noTickets: "Nenhum ingresso",
} as const;

/** The requests that need no words after the command; values are shared, requests are never changed. */
const BARE: ReadonlyMap<string, Request> = new Map<string, Request>([
  ["CONSULTAR", { type: "query" }],
  ["COMPRAR", { type: "buy", quantity: 1 }],
  ["INGRESSOS", { type: "tickets" }],
  ["ASSINAR", { type: "subscribe", snapshot: false }],
  ["SILENCIAR", { type: "unsubscribe" }],
  ["AJUDA", { type: "help" }],
  ["SAIR", { type: "quit" }],
]);

const HELP: Request = { type: "help" };
const UNKNOWN: Request = { type: "refused", refusal: { reason: "bad_message" } };
const TOO_LONG: Request = { type: "refused", refusal: { reason: "too_long" } };
const BAD_KEY: Request = { type: "refused", refusal: { reason: "bad_key" } };

/** Reads one line, without its line end. Never throws: what can't be understood is a `refused` request. */
export function parseLine(line: string, limits: RequestLimits): Request {
  const exact = BARE.get(line);
  if (exact !== undefined) return exact;
  if (isTooLong(line, limits.lineBytes)) return TOO_LONG;
  const words = line.trim().split(/\s+/);
  const command = (words[0] ?? "").toUpperCase();
  if (command === "") return HELP;
  const bare = BARE.get(command);
  if (bare === undefined) return UNKNOWN;
  if (words.length === 1) return bare;
  if (command !== "COMPRAR" || words.length > 3) return UNKNOWN;
  return parsePurchase(words[1] ?? "", words[2], limits);
}

/** Whether these bytes are one bare command, which a client without line ends may have meant as a whole. */
export function isBareCommand(text: string): boolean {
  return BARE.has(text.trim().toUpperCase());
}

/** The line that answers a command of the queue; `audit` isn't part of this dialect. */
export function formatAnswer(answer: Answer): string {
  switch (answer.kind) {
    case "receipt":
      return `Compra realizada. Estoque restante: ${answer.items[0]?.remaining ?? 0}`;
    case "stock":
      return `Estoque atual: ${answer.view.available}`;
    case "rejected":
      return formatRefusal(answer.rejection);
    case "audit":
      return `Estoque atual: ${answer.audit.available}`;
  }
}

/** Said most often when there is least time for it, so it is the same text each time. */
const BUSY_LINE = `ERRO: ${refusalWords({ reason: "busy" })}`;

export function formatRefusal(refusal: Refusal): string {
  return refusal.reason === "busy" ? BUSY_LINE : `ERRO: ${refusalWords(refusal)}`;
}

/** @param newest the latest codes, newest first. @param total how many there are in all. */
export function formatTickets(newest: readonly string[], total: number): string {
  return total === 0 ? TEXT.noTickets : `Ingressos (${total}): ${newest.join(", ")}`;
}

export function formatStock(stock: { readonly available: number }): string {
  return `ESTOQUE: ${stock.available}`;
}

export function formatNotice(notice: NoticeMessage): string {
  switch (notice.kind) {
    case "sold_out":
      return "AVISO: O estoque acabou de esgotar!";
    case "opened":
      return "AVISO: Venda aberta";
    case "paused":
      return "AVISO: Venda pausada";
    case "closed":
      return "AVISO: Venda encerrada";
    case "restocked":
      return `AVISO: Estoque reposto: ${notice.quantity ?? 0}`;
  }
}

function parsePurchase(amount: string, key: string | undefined, limits: RequestLimits): Request {
  const quantity = /^\d{1,9}$/.test(amount) ? Number(amount) : 0;
  if (quantity < 1 || quantity > limits.maxQuantity) {
    return { type: "refused", refusal: { reason: "bad_quantity", max: limits.maxQuantity } };
  }
  if (key === undefined) return { type: "buy", quantity };
  return isPurchaseKey(key) ? { type: "buy", quantity, key } : BAD_KEY;
}

/** Counts UTF-8 bytes only where the number of characters leaves it open. */
function isTooLong(line: string, lineBytes: number): boolean {
  if (line.length > lineBytes) return true;
  return line.length * 3 > lineBytes && new TextEncoder().encode(line).length > lineBytes;
}
