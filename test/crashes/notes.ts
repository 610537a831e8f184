/** What an answer, in either dialect, means for the attempt that asked. */
import type { Json } from "../support/ws-client.ts";
import type { Attempt, Receipt } from "./recording.ts";

/** An answer in text to the attempt whose turn it is. */
export function noteText(attempt: Attempt | undefined, text: string, surprises: string[]): void {
  const remaining = /^Compra realizada\. Estoque restante: (-?\d+)$/.exec(text)?.[1];
  if (attempt === undefined) surprises.push(`nobody waited for ${text}`);
  else if (remaining !== undefined) {
    attempt.receipts.push({ order: null, codes: null, remaining: Number(remaining) });
  } else {
    attempt.isRefused = true;
    if (text !== "ERRO: Servidor ocupado. Tente de novo") surprises.push(text);
  }
}

/** @param surprises what was neither a receipt nor `busy` is added there. */
export function noteJson(attempt: Attempt, answer: Json, surprises: string[]): void {
  if (answer["type"] === "receipt") attempt.receipts.push(receiptOf(answer));
  else {
    attempt.isRefused = true;
    if (answer["reason"] !== "busy") surprises.push(JSON.stringify(answer));
  }
}

function receiptOf(answer: Json): Receipt {
  const tickets = answer["tickets"] as { code: string }[];
  return {
    order: answer["order"] as number,
    codes: tickets.map(({ code }) => code),
    remaining: answer["remaining"] as number,
  };
}
