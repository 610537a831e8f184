import { plural, type Words } from "./vocabulary.ts";

export const portuguese: Words = {
  fixed: {
    skip: "Ir para a compra",
    live: "Venda ao vivo",
    notice: "Aviso",
    howMany: "Quantos ingressos?",
    fewer: "Um ingresso a menos",
    more: "Um ingresso a mais",
    perPurchase: "ingressos nesta compra",
    goAhead: "Retomar a compra",
    giveUp: "Desistir",
    comeBack: "Voltar",
    yourTickets: "Seus ingressos",
    kept: "Guardados neste navegador.",
    notKept: "Este navegador não guarda dados: anote os códigos antes de fechar a página.",
    dismiss: "Fechar aviso",
    unsafe: "Sem fila: este servidor vende errado de propósito, para ser atacado em aula. Nada aqui vale.",
  },
  otherLanguage: "English",
  states: {
    unknown: "Conectando",
    scheduled: "Em breve",
    open: "À venda",
    all_held: "Tudo reservado",
    sold_out: "Esgotado",
    paused: "Em pausa",
    closed: "Encerrada",
  },
  stamps: { sold_out: "Esgotado", closed: "Encerrada", paused: "Em pausa" },
  links: {
    connecting: "Conectando…",
    live: "Ao vivo",
    lost: (seconds) => (seconds > 0 ? `Reconectando em ${seconds} s` : "Reconectando…"),
    full: (seconds) => `Servidor lotado. Nova tentativa em ${seconds} s`,
    offline: "Sem internet",
    away: "Desconectado",
    spoken: { good: "Conectado", busy: "Sem conexão. Reconectando.", bad: "Sem conexão." },
  },
  left: (count) => plural(count, "ingresso disponível", "ingressos disponíveis"),
  summary: (count, n) => `${count} ${plural(n, "ingresso disponível", "ingressos disponíveis")}`,
  tally: (sold, capacity) => `${sold} de ${capacity} vendidos`,
  tallyHeld: (sold, held, capacity) => `${sold} de ${capacity} vendidos, ${held} reservados`,
  watching: (count, n) => `${count} ${plural(n, "pessoa acompanhando", "pessoas acompanhando")}`,
  untilOpening: "para a abertura",
  days: (n) => `${n} ${plural(n, "dia", "dias")} e`,
  opensAt: (time) => `Abre às ${time}`,
  opensOn: (day, time) => `Abre em ${day}, às ${time}`,
  opening: "Abrindo…",
  toSell: (count, n) => `${count} ${plural(n, "ingresso à venda", "ingressos à venda")}`,
  hints: {
    unknown: "Falando com a bilheteria…",
    scheduled: "O botão acende quando a venda abrir.",
    open: "Quem aperta primeiro é atendido primeiro.",
    all_held: "Todos os ingressos estão reservados. Se alguém desistir, eles voltam aqui.",
    sold_out: "Não sobrou nenhum. Se houver reposição, você fica sabendo aqui.",
    paused: "A organização pausou a venda. Fique por aqui.",
    closed: "A venda terminou.",
  },
  stale: "Sem conexão, este número pode estar desatualizado.",
  buy: (n) => `Comprar ${n} ${plural(n, "ingresso", "ingressos")}`,
  buyMore: (n) => `Comprar mais ${n}`,
  buying: "Comprando…",
  secured: (n) => plural(n, "Ingresso garantido", "Ingressos garantidos"),
  slow: "A resposta está demorando mais que o normal. Seu pedido está guardado e vale uma vez só.",
  slowStay:
    "A resposta está demorando mais que o normal. Não feche nem recarregue esta página: só ela conhece seu pedido.",
  again: (seconds, tryNumber, tries) =>
    `Muita gente na fila. Tentamos de novo ${seconds > 0 ? `em ${seconds} s` : "agora"} (${tryNumber} de ${tries}).`,
  againSpoken: "Muita gente na fila. Tentando de novo.",
  resend: "Assim que a conexão voltar, confirmamos seu pedido. Ele vale uma vez só.",
  resendStay:
    "Assim que a conexão voltar, confirmamos seu pedido. Não feche nem recarregue esta página: só ela conhece seu pedido.",
  bought: (n) => `Compra realizada: ${n} ${plural(n, "ingresso", "ingressos")}.`,
  seeTickets: "Ver códigos",
  kicked: "A bilheteria encerrou esta conexão. Para continuar, volte quando quiser.",
  asking: (n, time) =>
    `Um pedido de ${n} ${plural(n, "ingresso", "ingressos")}, feito ${time}, ficou sem resposta. Se já tinha sido aceito, retomar só mostra os códigos; se não, compra agora.`,
  refusal: ({ reason, message, remaining = 0, max = 0, retryAfterMs = 0 }, number) => {
    switch (reason) {
      case "sold_out":
        return "Os ingressos acabaram antes do seu pedido chegar.";
      case "insufficient_stock":
        return `${plural(remaining, "Resta só", "Restam só")} ${number(remaining)}. Já ajustamos a quantidade.`;
      case "bad_quantity":
        return `Peça de 1 a ${number(max)} ingressos por compra.`;
      case "not_open":
        return retryAfterMs > 0 ? "A venda ainda não abriu. Espere a contagem." : "A venda ainda não abriu.";
      case "paused":
        return "A venda está em pausa. Nada foi comprado.";
      case "closed":
        return "A venda já terminou. Nada foi comprado.";
      case "busy":
        return "A bilheteria está cheia demais agora. Nada foi comprado; tente de novo.";
      case "rate_limited":
        return `Pedidos demais em pouco tempo. Espere ${number(Math.max(1, Math.ceil(retryAfterMs / 1000)))} s.`;
      case "idempotency_mismatch":
      case "bad_key":
        return "Este pedido não é mais válido. Nada foi comprado; tente de novo.";
      default:
        return `A compra foi recusada: ${message}.`;
    }
  },
  notices: {
    sold_out: () => "O estoque acabou de esgotar!",
    opened: () => "Venda aberta!",
    paused: () => "Venda pausada.",
    closed: () => "Venda encerrada.",
    restocked: (quantity) => `Estoque reposto: mais ${quantity}!`,
  },
  order: (n) => `Pedido nº ${n}`,
  ticketCount: (n) => `${n} ${plural(n, "ingresso", "ingressos")}`,
  outdated: "De uma venda anterior",
  copy: (n) => plural(n, "Copiar código", "Copiar códigos"),
  copied: "Copiado",
  notCopied: "Selecione e copie",
  darkTheme: "Tema escuro",
  lightTheme: "Tema claro",
  serverTime: "Hora da bilheteria",
};
