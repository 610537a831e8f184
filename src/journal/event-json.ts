/**
 * Events as JSON, byte for byte as `JSON.stringify` writes them. A purchase, which is nearly every event, is written
 * from its parts straight to where it is needed: most of its text is the same each time, and nearly all of the rest
 * needs no escapes, so looking at each character once is all that is left to do. As strings put together and then
 * flattened and encoded it costs twice that (docs/performance-history.md). A test compares the two for every kind of event.
 */
import { putBytes, putCount } from "../bytes/ascii.ts";
import type { Purchased, PurchasedItem, SaleEvent } from "../box-office/event.ts";

/** What `writeEvents` says when the events don't fit. */
export const NO_ROOM = -1;

/** What the parts of a purchase say when `JSON.stringify` has to write it: something needs an escape, or is odd. */
const ODD = -1;

/**
 * Writes events as elements of a JSON array, with the bracket or comma before each, and without the bracket behind the last.
 *
 * @param start where it begins. @param end where it must have ended, and leave one byte.
 * @param from how many of them are written already.
 * @returns where it ends, or `NO_ROOM`; what then stands in `bytes` is of no use.
 */
export function writeEvents(
  bytes: Buffer,
  start: number,
  end: number,
  events: readonly SaleEvent[],
  from: number,
): number {
  let at = start;
  for (let i = from; i < events.length; i++) {
    // For the bracket or comma before it, and the bracket at the end.
    if (at + 2 > end) return NO_ROOM;
    bytes[at++] = i === 0 ? OPEN : COMMA;
    at = writeEvent(bytes, at, end, events[i] as SaleEvent);
    if (at === NO_ROOM) return NO_ROOM;
  }
  return at + 1 > end ? NO_ROOM : at;
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

function writePurchase(bytes: Buffer, start: number, purchase: Purchased): number {
  const { at: instant, buyer, key, items } = purchase;
  if (items.length === 0) return ODD;
  if (instant !== writtenAt) rememberInstant(instant);
  let at = putText(bytes, putBytes(bytes, start, writtenHead), buyer);
  if (at === ODD) return ODD;
  at = putText(bytes, putBytes(bytes, at, KEY), key);
  if (at === ODD) return ODD;
  for (let i = 0; i < items.length; i++) {
    at = writeItem(bytes, putBytes(bytes, at, i === 0 ? FIRST_ITEM : NEXT_ITEM), items[i] as PurchasedItem);
    if (at === ODD) return ODD;
  }
  return putBytes(bytes, at, END);
}

/** Without the end of its codes. */
function writeItem(bytes: Buffer, start: number, { sale, order, remaining, codes }: PurchasedItem): number {
  if (!isSmallCount(order) || !isSmallCount(remaining) || codes.length === 0) return ODD;
  if (sale !== writtenSale) rememberSale(sale);
  if (writtenItem.length === 0) return ODD;
  let at = putCount(bytes, putBytes(bytes, start, writtenItem), order);
  at = putCount(bytes, putBytes(bytes, at, REMAINING), remaining);
  for (let i = 0; i < codes.length; i++) {
    at = putText(bytes, putBytes(bytes, at, i === 0 ? FIRST_CODE : NEXT_CODE), codes[i] as string);
    if (at === ODD) return ODD;
  }
  return at;
}

const [OPEN, COMMA] = [0x5b, 0x2c];
const KEY = Buffer.from('","key":"');
const FIRST_ITEM = Buffer.from('","items":[');
const NEXT_ITEM = Buffer.from('"]},');
const REMAINING = Buffer.from(',"remaining":');
const FIRST_CODE = Buffer.from(',"codes":["');
const NEXT_CODE = Buffer.from('","');
const END = Buffer.from('"]}]}');

/** How a purchase begins, with the instant that was written last: those of one batch share it, or nearly. */
let writtenAt = Number.NaN;
let writtenHead = Buffer.alloc(0);

function rememberInstant(instant: number): void {
  writtenAt = instant;
  writtenHead = Buffer.from(`{"type":"purchased","v":1,"at":${JSON.stringify(instant)},"buyer":"`);
}

/** How an item begins, with the sale that was written last; nothing where its name doesn't stand in JSON as it is. */
let writtenSale: string | null = null;
let writtenItem = Buffer.alloc(0);

function rememberSale(sale: string): void {
  writtenSale = sale;
  const name = JSON.stringify(sale);
  const isPlain = Buffer.byteLength(name) === sale.length + 2;
  writtenItem = isPlain ? Buffer.from(`{"sale":${name},"order":`) : Buffer.alloc(0);
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
