/** Commands and outcomes as the command log names them: the same words for both dialects and all transports. */
import type { Answer } from "../box-office/answer.ts";
import type { Instant } from "../box-office/sale.ts";
import type { Bought } from "../engine/ports.ts";
import type { Refusal } from "../protocol/refusals.ts";
import type { Request } from "../protocol/request.ts";

/**
 * @param text what came in, for requests that couldn't be read; the log makes it harmless.
 * @param dialect of an unreadable JSON message nothing is told: any word of it may be a key.
 */
export function describeRequest(request: Request, text: string, dialect: "text" | "json" = "text"): string {
  switch (request.type) {
    case "query":
      return "CONSULTAR";
    case "buy":
      if (request.key !== undefined) return `COMPRAR ${request.quantity} ${maskKey(request.key)}`;
      return request.quantity === 1 ? "COMPRAR 1" : `COMPRAR ${request.quantity}`;
    case "tickets":
      return "INGRESSOS";
    case "subscribe":
      return "ASSINAR";
    case "unsubscribe":
      return "SILENCIAR";
    case "help":
      return "AJUDA";
    case "quit":
      return "SAIR";
    case "refused":
      // A refused purchase may carry a key; its words beyond the first are nobody's business.
      if (dialect === "json" || /^\s*[[{"]/.test(text)) return "(json)";
      return text.trimStart().split(/\s/, 1)[0] ?? "";
  }
}

export function describeAnswer(answer: Answer): string {
  switch (answer.kind) {
    case "receipt":
      return answer.repeated ? "repeated" : "sold";
    case "stock":
      return `stock available=${answer.view.available}`;
    case "rejected":
      return answer.rejection.reason;
    case "audit":
      return `audit balanced=${answer.audit.balanced}`;
  }
}

/** The figures that the log writes behind `describeAnswer`. */
export function boughtBy(answer: Answer): Bought | undefined {
  return answer.kind === "receipt" ? answer.items[0] : undefined;
}

/** What was sold just now was sold at the instant that the journal says; anything else happens when it is told. */
export function soldAt(answer: Answer): Instant | undefined {
  return answer.kind === "receipt" && !answer.repeated ? answer.at : undefined;
}

export function describeRefusal(refusal: Refusal): string {
  return refusal.reason;
}

/** Enough to recognise a key in a log, not enough to use it. */
export function maskKey(key: string): string {
  return key.length <= 4 ? "****" : `${key.slice(0, 4)}…`;
}

/** Stands behind a command over HTTP, where each one names its sale; the default sale goes without saying. */
export function nameSale(sale: string): string {
  return sale === "" || sale === UNSAID_SALE ? "" : ` venda=${sale}`;
}

/** The one that the other transports speak to when they name none. */
const UNSAID_SALE = "default";
