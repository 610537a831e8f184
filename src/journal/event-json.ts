/**
 * Events as JSON, byte for byte as `JSON.stringify` writes them. A purchase, which is nearly every event, is written
 * from its parts straight to where it is needed: most of its text is the same each time, and nearly all of the rest
 * needs no escapes, so looking at each character once is all that is left to do. As strings put together and then
 * flattened and encoded it costs three times that (docs/performance.md). A test compares the two for every kind of event.
 */
import type { Purchased, PurchasedItem, SaleEvent } from "../box-office/event.ts";

/** What `writeEvents` says when the events don't fit. */
export const NO_ROOM = -1;

/** What the parts of a purchase say when `JSON.stringify` has to write it: something needs an escape, or is odd. */
const ODD = -1;

/**
 * Writes the events as one JSON array.
 *
 * @param start where it begins. @param end where it must have ended.
 * @returns where it ends, or `NO_ROOM`; what then stands in `bytes` is of no use.
 */
export function writeEvents(bytes: Buffer, start: number, end: number, events: readonly SaleEvent[]): number {
  let at = start;
  for (let i = 0; i < events.length; i++) {
    // For the bracket or comma before it, and the bracket at the end.
    if (at + 2 > end) return NO_ROOM;
    bytes[at++] = i === 0 ? OPEN : COMMA;
    at = writeEvent(bytes, at, end, events[i] as SaleEvent);
    if (at === NO_ROOM) return NO_ROOM;
  }
  if (at === start) {
    if (at + 2 > end) return NO_ROOM;
    bytes[at++] = OPEN;
  }
  if (at + 1 > end) return NO_ROOM;
  bytes[at++] = CLOSE;
  return at;
}

function writeEvent(bytes: Buffer, start: number, end: number, event: SaleEvent): number {
  if (event.type === "purchased" && event.v === 1 && start + mostBytes(event) <= end) {
    const after = writePurchase(bytes, start, event);
    if (after !== ODD) return after;
  }
  const json = JSON.stringify(event);
  return start + Buffer.byteLength(json) > end ? NO_ROOM : start + bytes.write(json, start);
}

/** An upper bound of what `writePurchase` takes. */
function mostBytes({ buyer, key, items }: Purchased): number {
  let most = 128 + buyer.length + key.length;
  for (const { sale, codes } of items) {
    most += 80 + sale.length;
    for (const code of codes) most += 3 + code.length;
  }
  return most;
}

function writePurchase(bytes: Buffer, start: number, { at: instant, buyer, key, items }: Purchased): number {
  if (instant !== writtenAt) rememberInstant(instant);
  let at = putBytes(bytes, start, writtenHead);
  at = putText(bytes, at, buyer);
  if (at === ODD) return ODD;
  at = putText(bytes, putBytes(bytes, at, KEY), key);
  if (at === ODD) return ODD;
  at = putBytes(bytes, at, ITEMS);
  for (let i = 0; i < items.length; i++) {
    if (i > 0) bytes[at++] = COMMA;
    at = writeItem(bytes, at, items[i] as PurchasedItem);
    if (at === ODD) return ODD;
  }
  return putBytes(bytes, at, END);
}

function writeItem(bytes: Buffer, start: number, { sale, order, remaining, codes }: PurchasedItem): number {
  if (!isSmallCount(order) || !isSmallCount(remaining)) return ODD;
  let at = putText(bytes, putBytes(bytes, start, SALE), sale);
  if (at === ODD) return ODD;
  at = putCount(bytes, putBytes(bytes, at, ORDER), order);
  at = putCount(bytes, putBytes(bytes, at, REMAINING), remaining);
  at = putBytes(bytes, at, CODES);
  for (let i = 0; i < codes.length; i++) {
    if (i > 0) bytes[at++] = COMMA;
    bytes[at++] = QUOTE;
    at = putText(bytes, at, codes[i] as string);
    if (at === ODD) return ODD;
    bytes[at++] = QUOTE;
  }
  return putBytes(bytes, at, ITEM_END);
}

const [OPEN, CLOSE, COMMA, QUOTE] = [0x5b, 0x5d, 0x2c, 0x22];
const KEY = Buffer.from('","key":"');
const ITEMS = Buffer.from('","items":[');
const SALE = Buffer.from('{"sale":"');
const ORDER = Buffer.from('","order":');
const REMAINING = Buffer.from(',"remaining":');
const CODES = Buffer.from(',"codes":[');
const ITEM_END = Buffer.from("]}");
const END = Buffer.from("]}");

/** How a purchase begins, with the instant that was written last: those of one batch share it, or nearly. */
let writtenAt = Number.NaN;
let writtenHead = Buffer.alloc(0);

function rememberInstant(instant: number): void {
  writtenAt = instant;
  writtenHead = Buffer.from(`{"type":"purchased","v":1,"at":${JSON.stringify(instant)},"buyer":"`);
}

function putBytes(bytes: Buffer, start: number, source: Buffer): number {
  bytes.set(source, start);
  return start + source.length;
}

/** Only what stands in JSON as it is: printable ASCII but the quote and the backslash. */
function putText(bytes: Buffer, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return ODD;
    bytes[start + i] = unit;
  }
  return start + text.length;
}

function isSmallCount(value: number): boolean {
  return value >= 0 && (value | 0) === value;
}

function putCount(bytes: Buffer, start: number, count: number): number {
  let digits = 1;
  for (let bound = 10; bound <= count; bound *= 10) digits += 1;
  let rest = count;
  for (let at = start + digits - 1; at >= start; at--) {
    const tenth = Math.floor(rest / 10);
    bytes[at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  }
  return start + digits;
}
