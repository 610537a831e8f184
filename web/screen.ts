/**
 * What the page should show, as plain data made from plain data: no element, no clock, no socket. The view paints it
 * and nothing else decides.
 */
import type { HelloMessage, StockMessage } from "../src/protocol/messages.ts";
import { formatCountdown } from "../src/protocol/refusals.ts";
import type { Link } from "./connection.ts";
import { momentWords, numberFormat, openingWords, stockFigure, timeOfDay, type Figure } from "./formats.ts";
import { PAGE_LIMITS } from "./limits.ts";
import type { Attempt, Outcome } from "./purchases.ts";
import type { Mood, Words } from "./vocabulary.ts";
import { WORDS, type Language } from "./words.ts";

export interface Facts {
  readonly language: Language;
  /** Epoch milliseconds by the server's clock; null until it is known. */
  readonly now: number | null;
  /** Monotonic milliseconds: waits and answers are timed by it. */
  readonly monotonic: number;
  readonly link: Link;
  readonly hello: HelloMessage | null;
  readonly stock: StockMessage | null;
  readonly watching: number | null;
  readonly attempt: Attempt | null;
  readonly outcome: Outcome | null;
  /** The newest purchase was answered only just now. */
  readonly resting: boolean;
  /** Tickets that the stepper asks for. */
  readonly quantity: number;
  /** Whether a purchase outlives the page. */
  readonly durable: boolean;
}

export interface Note {
  readonly tone: "quiet" | "busy" | "good" | "bad";
  readonly text: string;
  /** What screen readers hear of it; empty for what needs no saying. */
  readonly spoken: string;
  /** Points to the tickets. */
  readonly tickets?: true;
}

export interface Screen {
  readonly mood: Mood;
  readonly title: string;
  readonly tab: string;
  readonly state: string;
  readonly stamp: string;
  readonly link: { readonly tone: "good" | "busy" | "bad"; readonly text: string };
  readonly linkSpoken: string;
  readonly lead: string;
  readonly figure: Figure;
  readonly caption: string;
  /** Share of the capacity that is left, 0 to 1; null while it isn't known. */
  readonly share: number | null;
  /** Parts of the gauge; null where there are too many tickets to show each. */
  readonly segments: number | null;
  readonly tally: string;
  readonly audience: string;
  readonly clock: string;
  readonly summary: string;
  readonly button: { readonly text: string; readonly enabled: boolean; readonly busy: boolean };
  readonly stepper: { readonly value: string; readonly fewer: boolean; readonly more: boolean };
  readonly note: Note;
  readonly asking: boolean;
  readonly away: boolean;
  /** The server sells without its queue, and says so. */
  readonly unsafe: boolean;
}

const DAY_MS = 86_400_000;

export function describeScreen(facts: Facts): Screen {
  const words = WORDS[facts.language];
  const { stock, link, attempt, quantity, watching, now } = facts;
  const mood: Mood = stock?.state ?? "unknown";
  const isFirst = facts.hello === null && link.kind === "connecting";
  const shownLink = describeLink(link, facts.monotonic, words);
  const number = numberFormat(facts.language);
  const free = attempt === null;
  const buyable = mood !== "sold_out" && mood !== "closed";
  const count = stock === null ? "" : number(stock.available);
  return {
    mood,
    title: facts.hello?.title ?? "Bilheteria",
    tab: tabTitle(facts, words, count),
    state: words.states[mood],
    stamp: words.stamps[mood] ?? "",
    link: shownLink,
    linkSpoken: isFirst ? words.links.connecting : words.links.spoken[shownLink.tone],
    ...describeFigure(facts, words),
    share: stock === null ? null : Math.max(0, stock.available) / stock.capacity,
    segments: stock === null || stock.capacity > PAGE_LIMITS.gaugeSegments ? null : stock.capacity,
    tally: describeTally(stock, words, number),
    audience: watching === null || link.kind !== "live" ? "" : words.watching(number(watching), watching),
    clock: now === null ? "" : timeOfDay(facts.language, now, true),
    summary: stock === null ? "" : words.summary(count, stock.available),
    button: describeButton(facts, mood, words),
    stepper: {
      value: number(quantity),
      fewer: free && buyable && quantity > 1,
      more: free && buyable && quantity < (facts.hello?.maxQuantity ?? 1),
    },
    note: describeNote(facts, words, mood),
    asking: attempt?.progress.kind === "asking",
    away: link.kind === "away",
    unsafe: facts.hello?.unsafe === true,
  };
}

function describeFigure(facts: Facts, words: Words): Pick<Screen, "lead" | "figure" | "caption"> {
  const { stock, now, language } = facts;
  if (stock === null) return { lead: "", figure: { text: "–––", faint: 3 }, caption: words.hints.unknown };
  const waits = stock.state === "scheduled" && stock.opensAt !== null && now !== null;
  if (!waits) {
    const figure = stockFigure(language, stock.available, stock.capacity);
    return { lead: "", figure, caption: words.left(stock.available) };
  }
  const ms = Math.max(0, (stock.opensAt ?? 0) - now);
  const days = Math.floor(ms / DAY_MS);
  const figure = { text: formatCountdown(days > 0 ? ms % DAY_MS : ms), faint: 0 };
  return {
    lead: days > 0 ? words.days(days) : "",
    figure,
    caption: ms === 0 ? words.opening : openingWords(language, stock.opensAt ?? 0, now),
  };
}

function describeTally(stock: StockMessage | null, words: Words, number: (n: number) => string): string {
  if (stock === null) return "";
  const { state, available, sold, held, capacity } = stock;
  if (state === "scheduled") return words.toSell(number(available), available);
  return held > 0
    ? words.tallyHeld(number(sold), number(held), number(capacity))
    : words.tally(number(sold), number(capacity));
}

function describeLink(link: Link, monotonic: number, { links }: Words): Screen["link"] {
  switch (link.kind) {
    case "live":
      return { tone: "good", text: links.live };
    case "connecting":
      return { tone: "busy", text: links.connecting };
    case "offline":
      return { tone: "bad", text: links.offline };
    case "away":
      return { tone: "bad", text: links.away };
    case "waiting": {
      const seconds = secondsUntil(link.retryAt, monotonic);
      return link.why === "full"
        ? { tone: "bad", text: links.full(seconds) }
        : { tone: "busy", text: links.lost(seconds) };
    }
  }
}

function describeButton(facts: Facts, mood: Mood, words: Words): Screen["button"] {
  const { attempt, link, resting } = facts;
  const busy = attempt !== null && attempt.progress.kind !== "asking";
  const offered = mood === "open" || mood === "scheduled" || mood === "unknown";
  return {
    text: busy ? words.buying : offered ? describeOffer(facts, words) : words.states[mood],
    enabled: attempt === null && !resting && mood === "open" && link.kind === "live",
    busy,
  };
}

/** Whoever has just bought sees that another press would be another purchase. */
function describeOffer({ outcome, resting, quantity }: Facts, words: Words): string {
  if (outcome?.kind !== "bought") return words.buy(quantity);
  return resting ? words.secured(outcome.receipt.codes.length) : words.buyMore(quantity);
}

function describeNote(facts: Facts, words: Words, mood: Mood): Note {
  const { attempt, outcome, link, language } = facts;
  if (link.kind === "away") return say("busy", words.kicked);
  if (attempt !== null) return describeAttempt(attempt, facts, words);
  if (outcome?.kind === "refused") {
    return say("bad", words.refusal(outcome.refusal, numberFormat(language)));
  }
  if (outcome?.kind === "bought") {
    return { ...say("good", words.bought(outcome.receipt.codes.length)), tickets: true };
  }
  const stale = link.kind !== "live" && mood !== "unknown";
  return { tone: "quiet", text: stale ? words.stale : words.hints[mood], spoken: "" };
}

function describeAttempt({ progress, pending }: Attempt, facts: Facts, words: Words): Note {
  const { link, monotonic, language, durable } = facts;
  switch (progress.kind) {
    case "asking":
      return say("busy", words.asking(pending.quantity, momentWords(language, pending.madeAt)));
    case "waiting": {
      const seconds = secondsUntil(progress.retryAt, monotonic);
      const text = words.again(seconds, progress.tries + 1, PAGE_LIMITS.purchaseTries);
      return { tone: "busy", text, spoken: words.againSpoken };
    }
    case "sent":
      if (link.kind !== "live") return say("busy", durable ? words.resend : words.resendStay);
      if (monotonic - progress.since >= PAGE_LIMITS.slowAnswerMs) {
        return say("busy", durable ? words.slow : words.slowStay);
      }
      return { tone: "quiet", text: words.hints.open, spoken: "" };
  }
}

function say(tone: Note["tone"], text: string): Note {
  return { tone, text, spoken: text };
}

function tabTitle({ hello, stock }: Facts, words: Words, count: string): string {
  const title = hello?.title ?? "Bilheteria";
  if (stock === null) return title;
  return stock.state === "open" ? `${count} · ${title}` : `${words.states[stock.state]} · ${title}`;
}

function secondsUntil(instant: number, monotonic: number): number {
  return Math.max(0, Math.ceil((instant - monotonic) / 1000));
}
