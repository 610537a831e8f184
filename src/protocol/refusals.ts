/**
 * The catalogue of every way to say no: its reason on the wire, its HTTP status and its words. A test compares it
 * with docs/protocol.md, so neither can change alone.
 */
import type { Rejection } from "../box-office/answer.ts";

/** Refusals that never reach the queue, beside the core's own. */
export type Refusal =
  | Rejection
  | { readonly reason: "bad_key" }
  | { readonly reason: "bad_message"; readonly detail?: string }
  | { readonly reason: "rate_limited"; readonly retryAfterMs: number }
  | { readonly reason: "too_long" }
  | { readonly reason: "binary" }
  | { readonly reason: "server_full" }
  | { readonly reason: "unauthorized" }
  | { readonly reason: "bad_body"; readonly detail: string }
  | { readonly reason: "method_not_allowed" }
  | { readonly reason: "key_required" }
  | { readonly reason: "forbidden_origin" }
  | { readonly reason: "unknown_subprotocol" }
  | { readonly reason: "internal" };

export type Reason = Refusal["reason"];

export const HTTP_STATUS: Readonly<Record<Reason, number>> = {
  sold_out: 409,
  insufficient_stock: 409,
  bad_quantity: 400,
  bad_key: 400,
  key_required: 400,
  idempotency_mismatch: 422,
  not_open: 409,
  paused: 409,
  closed: 409,
  rate_limited: 429,
  busy: 503,
  server_full: 503,
  too_long: 413,
  binary: 415,
  bad_message: 404,
  bad_body: 400,
  bad_times: 400,
  bad_items: 400,
  unknown_sale: 404,
  method_not_allowed: 405,
  sale_exists: 409,
  too_many_sales: 409,
  unauthorized: 401,
  forbidden_origin: 403,
  unknown_subprotocol: 400,
  internal: 500,
};

/** The words of a refusal in Portuguese, without the `ERRO: ` that the text dialect puts before them. */
export function refusalWords(refusal: Refusal): string {
  switch (refusal.reason) {
    case "sold_out":
      return "Produto esgotado";
    case "insufficient_stock":
      return `Estoque insuficiente. Restam ${refusal.remaining}`;
    case "bad_quantity":
      return `Quantidade inválida. ${refusal.max === 0 ? "Não cabe mais nenhum" : `Use de 1 a ${refusal.max}`}`;
    case "bad_key":
      return "Chave inválida";
    case "key_required":
      return "Chave obrigatória. Envie o cabeçalho Idempotency-Key";
    case "idempotency_mismatch":
      return "Chave usada em outro pedido";
    case "not_open":
      return `Venda ainda não aberta. Abre em ${formatCountdown(refusal.opensInMs)}`;
    case "paused":
      return "Venda pausada";
    case "closed":
      return "Venda encerrada";
    case "rate_limited":
      return `Muitas requisições. Tente em ${Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))} s`;
    case "busy":
      return "Servidor ocupado. Tente de novo";
    case "server_full":
      return "Servidor lotado";
    case "too_long":
      return "Linha longa demais";
    case "binary":
      return "Envie texto";
    case "bad_message":
      return refusal.detail ?? "Comando desconhecido. Envie AJUDA";
    case "bad_items":
      return "Cada venda aparece uma só vez no pedido";
    case "bad_times":
      return "Horários inválidos. A abertura vem depois de agora, e o encerramento depois dela e de agora";
    case "unknown_sale":
      return "Venda desconhecida";
    case "bad_body":
      return refusal.detail;
    case "method_not_allowed":
      return "Método não permitido";
    case "sale_exists":
      return "Já existe uma venda com este id";
    case "too_many_sales":
      return "Limite de vendas atingido";
    case "unauthorized":
      return "Token do organizador ausente ou errado";
    case "forbidden_origin":
      return "Origem não permitida";
    case "unknown_subprotocol":
      return "Subprotocolo desconhecido. Use bilheteria.json.v1 ou nenhum";
    case "internal":
      return "Falha interna";
  }
}

/** Hours, minutes and seconds, rounded up so that 00:00:00 is never shown while there is something to wait for. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
