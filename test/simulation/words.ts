/** The wire as PROTOCOL.md has it, written down a second time: what is sent and what is heard, byte by byte. */
import type { Notice, Position } from "./ledger.ts";
import type { Meaning } from "./meaning.ts";

/** Any message of the JSON dialect, as a client sees it. */
export interface Json {
  readonly type: string;
  readonly id?: string;
  readonly sale?: string;
  readonly reason?: string;
  readonly code?: string;
  readonly kind?: string;
  readonly quantity?: number;
  readonly position?: Position;
  readonly at?: number;
  readonly remaining?: number;
  readonly retryAfterMs?: number;
  readonly order?: number;
  readonly tickets?: readonly { readonly code: string }[];
}

export const RATE_LIMITED = /^ERRO: Muitas requisições\. Tente em [1-9]\d* s$/;

export const HELP =
  "Comandos: CONSULTAR, COMPRAR [quantidade] [chave], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR";
export const UNKNOWN = "ERRO: Comando desconhecido. Envie AJUDA";

const REFUSALS: Readonly<Record<string, string>> = {
  sold_out: "Produto esgotado",
  idempotency_mismatch: "Chave usada em outro pedido",
  paused: "Venda pausada",
  closed: "Venda encerrada",
  busy: "Servidor ocupado. Tente de novo",
};

export function asText(meaning: Meaning): string {
  switch (meaning.kind) {
    case "receipt":
      return `Compra realizada. Estoque restante: ${meaning.bought.remaining}`;
    case "stock":
      return `Estoque atual: ${meaning.books.available}`;
    case "refused": {
      const { reason, remaining, waitMs = 0 } = meaning;
      if (reason === "insufficient_stock") return `ERRO: Estoque insuficiente. Restam ${remaining}`;
      if (reason === "not_open") return `ERRO: Venda ainda não aberta. Abre em ${clock(waitMs)}`;
      return `ERRO: ${REFUSALS[reason] ?? reason}`;
    }
  }
}

export function NOTICE_WORDS({ kind, quantity }: Notice): string {
  switch (kind) {
    case "sold_out":
      return "O estoque acabou de esgotar!";
    case "opened":
      return "Venda aberta";
    case "paused":
      return "Venda pausada";
    case "closed":
      return "Venda encerrada";
    case "restocked":
      return `Estoque reposto: ${quantity}`;
  }
}

/** The texts of WebSocket frames, all of them final and unmasked. */
export function readFrames(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0x81) throw new Error(`no text frame begins with byte ${bytes[at]}`);
    let size = bytes[at + 1]!;
    at += 2;
    if (size === 126) {
      size = bytes.readUInt16BE(at);
      at += 2;
    } else if (size > 126) throw new Error("a frame of more than 64 KiB");
    texts.push(bytes.toString("utf8", at, at + size));
    at += size;
  }
  return texts;
}

/** Whole lines; the server never writes half of one. */
export function readLines(bytes: Buffer): string[] {
  const lines = bytes.toString("utf8").split("\n");
  if (lines.pop() !== "") throw new Error(`half a line was written: ${bytes.toString("utf8")}`);
  return lines;
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}
