/** What a line of the text dialect says. Anything not written exactly as promised is `unknown`. */

/**
 * @typedef {{ kind: "left" | "bought" | "pushed", left: number }
 *   | { kind: "sold_out_notice" } | { kind: "other_notice" }
 *   | { kind: "refused", reason: string }
 *   | { kind: "unknown" }} Line
 */

/** @type {ReadonlyArray<[RegExp, "left" | "bought" | "pushed"]>} */
const NUMBERS = [
  [/^ESTOQUE: (-?\d{1,15})$/, "pushed"],
  [/^Compra realizada\. Estoque restante: (-?\d{1,15})$/, "bought"],
  [/^Estoque atual: (-?\d{1,15})$/, "left"],
];

const OTHER_NOTICE = /^AVISO: (Venda aberta|Venda pausada|Venda encerrada|Estoque reposto: \d+)$/;

/** @type {ReadonlyArray<[RegExp, string]>} */
const REFUSALS = [
  [/^ERRO: Produto esgotado$/, "sold_out"],
  [/^ERRO: Servidor ocupado\. Tente de novo$/, "busy"],
  [/^ERRO: Venda ainda não aberta\. Abre em \d{2,}:\d{2}:\d{2}$/, "not_open"],
  [/^ERRO: Venda pausada$/, "paused"],
  [/^ERRO: Muitas requisições\. Tente em \d+ s$/, "rate_limited"],
];

export const REASONS = [...REFUSALS.map(([, reason]) => reason), "other"];

/** @param {string} text @returns {Line} */
export function readLine(text) {
  for (const [pattern, kind] of NUMBERS) {
    const match = pattern.exec(text);
    if (match) return { kind, left: Number(match[1]) };
  }
  if (text === "AVISO: O estoque acabou de esgotar!") return { kind: "sold_out_notice" };
  if (OTHER_NOTICE.test(text)) return { kind: "other_notice" };
  const refusal = REFUSALS.find(([pattern]) => pattern.test(text));
  if (refusal) return { kind: "refused", reason: refusal[1] };
  return text.startsWith("ERRO: ") ? { kind: "refused", reason: "other" } : { kind: "unknown" };
}
