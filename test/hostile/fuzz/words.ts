/** Everything that the server may say, written down once more from docs/protocol.md: what fits nowhere is a leak. */

/** Refusals as the protocol words them, without `ERRO: `. */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  sold_out: /^Produto esgotado$/,
  insufficient_stock: /^Estoque insuficiente\. Restam \d+$/,
  bad_quantity: /^Quantidade inválida\. (Use de 1 a \d+|Não cabe mais nenhum)$/,
  bad_key: /^Chave inválida$/,
  key_required: /^Chave obrigatória\. Envie o cabeçalho Idempotency-Key$/,
  idempotency_mismatch: /^Chave usada em outro pedido$/,
  not_open: /^Venda ainda não aberta\. Abre em \d\d+:\d\d:\d\d$/,
  paused: /^Venda pausada$/,
  closed: /^Venda encerrada$/,
  rate_limited: /^Muitas requisições\. Tente em \d+ s$/,
  busy: /^Servidor ocupado\. Tente de novo$/,
  server_full: /^Servidor lotado$/,
  too_long: /^Linha longa demais$/,
  binary: /^Envie texto$/,
  bad_message:
    /^(Comando desconhecido\. Envie AJUDA|Endereço desconhecido|A mensagem não é JSON|Mensagem inválida: (um objeto com um type conhecido|campo (type|id|quantity|buyer|from(\.(epoch|offset))?))|Envie texto)$/,
  bad_body:
    /^(O corpo (não (é JSON|é o objeto esperado|chegou inteiro)|tem um campo desconhecido)|Campo inválido: (id|title|capacity|quantity|buyer|(opensAt|closesAt)(\. Use milissegundos desde 1970 ou uma data como \S+)?)|Falta o cabeçalho Host|Expect desconhecido\. Use 100-continue|O pedido (não é HTTP|demorou demais)|Sec-WebSocket-(Version ausente ou desconhecido\. Use 13|Key ausente ou inválido|Protocol inválido)|Sem diário em disco não há o que recontar)$/,
  bad_times: /^Horários inválidos\. A abertura vem depois de agora, e o encerramento depois dela e de agora$/,
  unknown_sale: /^Venda desconhecida$/,
  method_not_allowed: /^Método não permitido$/,
  sale_exists: /^Já existe uma venda com este id$/,
  too_many_sales: /^Limite de vendas atingido$/,
  unauthorized: /^Token do organizador ausente ou errado$/,
  forbidden_origin: /^Origem não permitida$/,
  unknown_subprotocol: /^Subprotocolo desconhecido\. Use bilheteria\.json\.v1 ou nenhum$/,
};

export function isWorded(reason: unknown, words: unknown): boolean {
  return REFUSALS[String(reason)]?.test(String(words)) === true;
}

/** What one line of text may be answered with. */
export type Said =
  | "help"
  | "query"
  | "buy"
  | "bad_quantity"
  | "bad_key"
  | "bad_message"
  | "too_long"
  | "binary"
  | "tickets"
  | "subscribe"
  | "unsubscribe"
  | "quit";

const line = (reason: string): RegExp => new RegExp(`^ERRO: ${REFUSALS[reason]!.source.slice(1)}`);

/** Refusals that a right purchase may meet. */
const OF_A_PURCHASE = [
  "sold_out",
  "insufficient_stock",
  "idempotency_mismatch",
  "paused",
  "closed",
  "not_open",
  "busy",
];

const ANSWERS: Readonly<Record<Said, readonly RegExp[]>> = {
  help: [
    /^Comandos: CONSULTAR, COMPRAR \[quantidade\] \[chave\], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR$/,
  ],
  query: [/^Estoque atual: \d+$/],
  buy: [/^Compra realizada\. Estoque restante: \d+$/, ...OF_A_PURCHASE.map(line)],
  bad_quantity: [line("bad_quantity")],
  bad_key: [line("bad_key")],
  bad_message: [/^ERRO: Comando desconhecido\. Envie AJUDA$/],
  too_long: [line("too_long")],
  binary: [line("binary")],
  tickets: [
    /^Nenhum ingresso$/,
    /^Ingressos \(\d+\): [34679CDFGHJKMNPQRTVWXY]{12}(, [34679CDFGHJKMNPQRTVWXY]{12}){0,19}$/,
  ],
  subscribe: [/^Assinatura ativa$/],
  unsubscribe: [/^Assinatura cancelada$/],
  quit: [/^Até logo$/],
};

export function isPush(line: string): boolean {
  return /^(ESTOQUE: \d+|AVISO: (O estoque acabou de esgotar!|Venda (aberta|pausada|encerrada)|Estoque reposto: \d+))$/.test(
    line,
  );
}

/** Null if each answer is one that its line may get, in order; else what is wrong. */
export function judgeAnswers(
  expected: readonly (readonly Said[])[],
  answers: readonly string[],
  isWhole: boolean,
): string | null {
  for (const [i, answer] of answers.entries()) {
    const allowed = expected[i];
    if (allowed === undefined) return `an answer that nothing asked for: ${JSON.stringify(answer)}`;
    if (!allowed.some((said) => ANSWERS[said].some((words) => words.test(answer)))) {
      return `answer ${i + 1} should be ${allowed.join(" or ")}: ${JSON.stringify(answer)}`;
    }
  }
  if (isWhole && answers.length < expected.length) {
    return `${answers.length} answers to ${expected.length} lines: missing is ${expected[answers.length]!.join(" or ")}`;
  }
  return null;
}
