/** What a line of the text dialect says to a client. Anything not written exactly as promised is `unknown`. */
import { formatNotice, formatRefusal } from "../protocol/text.ts";
import type { Reason } from "../protocol/refusals.ts";

export type Line =
  | { readonly kind: "pushed" | "bought" | "left"; readonly left: number }
  | { readonly kind: "sold_out_notice" | "other_notice" | "unknown" }
  | { readonly kind: "refused"; readonly reason: Reason | "other" };

const NUMBERS = [
  [/^ESTOQUE: (-?\d{1,15})$/, "pushed"],
  [/^Compra realizada\. Estoque restante: (-?\d{1,15})$/, "bought"],
  [/^Estoque atual: (-?\d{1,15})$/, "left"],
] as const;

const SOLD_OUT = formatNotice({
  type: "notice",
  kind: "sold_out",
  sale: "",
  position: { epoch: 0, offset: 0 },
  at: 0,
});

/** Refusals without a figure in them. */
const PLAIN = [
  "sold_out",
  "busy",
  "paused",
  "closed",
  "too_long",
  "binary",
  "bad_key",
  "bad_message",
] as const;

const REFUSALS: ReadonlyMap<string, Reason> = new Map(
  PLAIN.map((reason) => [formatRefusal({ reason }), reason]),
);

const FIGURED: readonly (readonly [RegExp, Reason])[] = [
  [/^ERRO: Estoque insuficiente\. Restam \d+$/, "insufficient_stock"],
  [/^ERRO: Quantidade inválida\. Use de 1 a \d+$/, "bad_quantity"],
  [/^ERRO: Venda ainda não aberta\. Abre em \d{2,}:\d{2}:\d{2}$/, "not_open"],
  [/^ERRO: Muitas requisições\. Tente em \d+ s$/, "rate_limited"],
];

const OTHER_NOTICE = /^AVISO: (Venda aberta|Venda pausada|Venda encerrada|Estoque reposto: \d+)$/;

export function readLine(text: string): Line {
  for (const [pattern, kind] of NUMBERS) {
    const match = pattern.exec(text);
    if (match !== null) return { kind, left: Number(match[1]) };
  }
  if (text === SOLD_OUT) return { kind: "sold_out_notice" };
  const reason = REFUSALS.get(text) ?? FIGURED.find(([pattern]) => pattern.test(text))?.[1];
  if (reason !== undefined) return { kind: "refused", reason };
  if (text.startsWith("ERRO: ")) return { kind: "refused", reason: "other" };
  return { kind: OTHER_NOTICE.test(text) ? "other_notice" : "unknown" };
}
