/** Numbers and times as people of a language write them. */
import { WORDS, type Language } from "./words.ts";

export interface Figure {
  readonly text: string;
  /** How many of the first characters are only there to keep the place. */
  readonly faint: number;
}

/**
 * The number as wide as the capacity, so that nothing moves while it falls: the zeros in front are faint.
 * @param available,capacity integers, `available` at most `capacity`; below 0 where a server sells without its queue.
 */
export function stockFigure(language: Language, available: number, capacity: number): Figure {
  if (available < 0) return { text: numberFormat(language)(available), faint: 0 };
  const digits = Math.max(String(capacity).length, String(available).length);
  const text = new Intl.NumberFormat(language, { minimumIntegerDigits: digits }).format(available);
  return { text, faint: text.length - numberFormat(language)(available).length };
}

/** @param instant epoch milliseconds. @param now the same, by the server's clock. */
export function openingWords(language: Language, instant: number, now: number): string {
  const words = WORDS[language];
  const day = (time: number): string =>
    new Intl.DateTimeFormat(language, { dateStyle: "short" }).format(time);
  const time = timeOfDay(language, instant, new Date(instant).getSeconds() !== 0);
  if (day(instant) === day(now)) return words.opensAt(time);
  const long = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  return words.opensOn(long.format(instant), time);
}

export function timeOfDay(language: Language, instant: number, seconds: boolean): string {
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
  }).format(instant);
}

export function numberFormat(language: Language): (n: number) => string {
  const format = new Intl.NumberFormat(language);
  return (n) => format.format(n);
}

/** A day and a time, shortly. */
export function momentWords(language: Language, instant: number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" }).format(instant);
}
