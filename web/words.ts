/** Everything that the page says, in Portuguese first and in English. A language that lacks a word doesn't compile. */
import type { NoticeKind, RejectedMessage } from "../src/protocol/messages.ts";

export const LANGUAGES = ["pt-BR", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Words {
  /** By the `data-words` of the elements in index.html. */
  readonly fixed: Readonly<Record<FixedWord, string>>;
  readonly otherLanguage: string;
  readonly states: Readonly<Record<Mood, string>>;
  readonly stamps: Readonly<Partial<Record<Mood, string>>>;
  readonly links: {
    readonly connecting: string;
    readonly live: string;
    readonly lost: (seconds: number) => string;
    readonly full: (seconds: number) => string;
    readonly offline: string;
    readonly away: string;
    /** Said once when it changes, without the seconds that the eye follows. */
    readonly spoken: { readonly good: string; readonly busy: string; readonly bad: string };
  };
  readonly left: (count: number) => string;
  readonly summary: (count: string, n: number) => string;
  readonly tally: (sold: string, capacity: string) => string;
  readonly tallyHeld: (sold: string, held: string, capacity: string) => string;
  readonly watching: (count: string, n: number) => string;
  readonly untilOpening: string;
  readonly days: (n: number) => string;
  readonly opensAt: (time: string) => string;
  readonly opensOn: (day: string, time: string) => string;
  readonly opening: string;
  readonly toSell: (count: string, n: number) => string;
  readonly hints: Readonly<Record<Mood, string>>;
  readonly buy: (n: number) => string;
  readonly buying: string;
  readonly slow: string;
  readonly again: (seconds: number, tryNumber: number, tries: number) => string;
  readonly againSpoken: string;
  readonly resend: string;
  readonly bought: (n: number) => string;
  readonly seeTickets: string;
  readonly kicked: string;
  readonly asking: (n: number, time: string) => string;
  readonly refusal: (refusal: RejectedMessage, number: (n: number) => string) => string;
  readonly notices: Readonly<Record<NoticeKind, (quantity: string) => string>>;
  readonly order: (n: string) => string;
  readonly ticketCount: (n: number) => string;
  readonly outdated: string;
  readonly copy: (n: number) => string;
  readonly copied: string;
  readonly notCopied: string;
  readonly darkTheme: string;
  readonly lightTheme: string;
  readonly serverTime: string;
}

/** What the whole page looks like: the sale's state, or that it isn't known yet. */
export type Mood = "unknown" | "scheduled" | "open" | "all_held" | "sold_out" | "paused" | "closed";

export type FixedWord =
  | "skip"
  | "live"
  | "notice"
  | "howMany"
  | "fewer"
  | "more"
  | "perPurchase"
  | "goAhead"
  | "giveUp"
  | "comeBack"
  | "yourTickets"
  | "kept"
  | "notKept"
  | "dismiss";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

const portuguese: Words = {
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
  buy: (n) => `Comprar ${n} ${plural(n, "ingresso", "ingressos")}`,
  buying: "Comprando…",
  slow: "A resposta está demorando mais que o normal. Seu pedido está guardado e vale uma vez só.",
  again: (seconds, tryNumber, tries) =>
    `Muita gente na fila. Tentamos de novo ${seconds > 0 ? `em ${seconds} s` : "agora"} (${tryNumber} de ${tries}).`,
  againSpoken: "Muita gente na fila. Tentando de novo.",
  resend: "Assim que a conexão voltar, confirmamos seu pedido. Ele vale uma vez só.",
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

const english: Words = {
  fixed: {
    skip: "Skip to buying",
    live: "Live sale",
    notice: "Notice",
    howMany: "How many tickets?",
    fewer: "One ticket fewer",
    more: "One ticket more",
    perPurchase: "tickets in this purchase",
    goAhead: "Resume purchase",
    giveUp: "Give it up",
    comeBack: "Come back",
    yourTickets: "Your tickets",
    kept: "Kept in this browser.",
    notKept: "This browser keeps no data: write the codes down before you close the page.",
    dismiss: "Dismiss notice",
  },
  otherLanguage: "Português",
  states: {
    unknown: "Connecting",
    scheduled: "Opening soon",
    open: "On sale",
    all_held: "All on hold",
    sold_out: "Sold out",
    paused: "Paused",
    closed: "Closed",
  },
  stamps: { sold_out: "Sold out", closed: "Closed", paused: "Paused" },
  links: {
    connecting: "Connecting…",
    live: "Live",
    lost: (seconds) => (seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…"),
    full: (seconds) => `Server full. Trying again in ${seconds} s`,
    offline: "No internet",
    away: "Disconnected",
    spoken: { good: "Connected", busy: "No connection. Reconnecting.", bad: "No connection." },
  },
  left: (count) => plural(count, "ticket left", "tickets left"),
  summary: (count, n) => `${count} ${plural(n, "ticket left", "tickets left")}`,
  tally: (sold, capacity) => `${sold} of ${capacity} sold`,
  tallyHeld: (sold, held, capacity) => `${sold} of ${capacity} sold, ${held} on hold`,
  watching: (count, n) => `${count} ${plural(n, "person watching", "people watching")}`,
  untilOpening: "until it opens",
  days: (n) => `${n} ${plural(n, "day", "days")} and`,
  opensAt: (time) => `Opens at ${time}`,
  opensOn: (day, time) => `Opens on ${day} at ${time}`,
  opening: "Opening…",
  toSell: (count, n) => `${count} ${plural(n, "ticket", "tickets")} for sale`,
  hints: {
    unknown: "Reaching the box office…",
    scheduled: "The button lights up when the sale opens.",
    open: "Whoever presses first is served first.",
    all_held: "Every ticket is on hold. If somebody lets go, they come back here.",
    sold_out: "None left. If more are added, you will hear it here.",
    paused: "The organisers paused the sale. Stay around.",
    closed: "The sale is over.",
  },
  buy: (n) => `Buy ${n} ${plural(n, "ticket", "tickets")}`,
  buying: "Buying…",
  slow: "The answer takes longer than usual. Your order is kept and counts only once.",
  again: (seconds, tryNumber, tries) =>
    `A long line. Trying again ${seconds > 0 ? `in ${seconds} s` : "now"} (${tryNumber} of ${tries}).`,
  againSpoken: "A long line. Trying again.",
  resend: "As soon as the connection is back we confirm your order. It counts only once.",
  bought: (n) => `Purchase complete: ${n} ${plural(n, "ticket", "tickets")}.`,
  seeTickets: "See codes",
  kicked: "The box office ended this connection. To go on, come back when you like.",
  asking: (n, time) =>
    `An order of ${n} ${plural(n, "ticket", "tickets")} from ${time} got no answer. If it had been accepted, resuming only shows the codes; if not, it buys now.`,
  refusal: ({ reason, remaining = 0, max = 0, retryAfterMs = 0 }, number) => {
    switch (reason) {
      case "sold_out":
        return "The tickets were gone before your order arrived.";
      case "insufficient_stock":
        return `Only ${number(remaining)} left. We adjusted the quantity.`;
      case "bad_quantity":
        return `Ask for 1 to ${number(max)} tickets at a time.`;
      case "not_open":
        return retryAfterMs > 0
          ? "The sale isn't open yet. Wait for the countdown."
          : "The sale isn't open yet.";
      case "paused":
        return "The sale is paused. Nothing was bought.";
      case "closed":
        return "The sale is over. Nothing was bought.";
      case "busy":
        return "The box office is too busy right now. Nothing was bought; try again.";
      case "rate_limited":
        return `Too many orders in a short time. Wait ${number(Math.max(1, Math.ceil(retryAfterMs / 1000)))} s.`;
      case "idempotency_mismatch":
      case "bad_key":
        return "This order isn't valid any more. Nothing was bought; try again.";
      default:
        return `The purchase was refused (${reason}).`;
    }
  },
  notices: {
    sold_out: () => "The tickets just sold out!",
    opened: () => "The sale is open!",
    paused: () => "The sale is paused.",
    closed: () => "The sale is closed.",
    restocked: (quantity) => `Restocked: ${quantity} more!`,
  },
  order: (n) => `Order no. ${n}`,
  ticketCount: (n) => `${n} ${plural(n, "ticket", "tickets")}`,
  outdated: "From an earlier sale",
  copy: (n) => plural(n, "Copy code", "Copy codes"),
  copied: "Copied",
  notCopied: "Select and copy",
  darkTheme: "Dark theme",
  lightTheme: "Light theme",
  serverTime: "Box office time",
};

export const WORDS: Readonly<Record<Language, Words>> = { "pt-BR": portuguese, en: english };

/** Portuguese for whoever's first language it is, or who has neither. @param preferred as the browser lists them. */
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): Language {
  if (remembered === "pt-BR" || remembered === "en") return remembered;
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-", 1)[0];
    if (primary === "pt") return "pt-BR";
    if (primary === "en") return "en";
  }
  return "pt-BR";
}
