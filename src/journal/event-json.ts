/**
 * Events as JSON, just as `JSON.stringify` writes them. A purchase, which is nearly every event, is put together from
 * its parts: most of its text is the same each time, and nearly all of the rest needs no escapes, so looking at each
 * character once is all that is left to do (docs/performance.md). A test compares the two for every kind of event.
 */
import type { Purchased, PurchasedItem, SaleEvent } from "../box-office/event.ts";

export interface EventsJson {
  readonly json: string;
  /** Every character is one byte in UTF-8. */
  readonly isAscii: boolean;
}

export function eventsJson(events: readonly SaleEvent[]): EventsJson {
  let json = "[";
  let isAscii = true;
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as SaleEvent;
    if (i > 0) json += ",";
    if (event.type === "purchased" && isPlainPurchase(event)) json += purchaseJson(event);
    else {
      json += JSON.stringify(event);
      isAscii = false;
    }
  }
  return { json: `${json}]`, isAscii };
}

/** The instant that was written last: the purchases of one batch share it, or nearly. */
let writtenAt = 0;
let writtenAtText = "0";

function purchaseJson({ at, buyer, key, items }: Purchased): string {
  if (at !== writtenAt) {
    writtenAt = at;
    writtenAtText = String(at);
  }
  let json = `{"type":"purchased","v":1,"at":${writtenAtText},"buyer":"${buyer}","key":"${key}","items":[`;
  for (let i = 0; i < items.length; i++) {
    if (i > 0) json += ",";
    json += itemJson(items[i] as PurchasedItem);
  }
  return `${json}]}`;
}

function itemJson({ sale, order, remaining, codes }: PurchasedItem): string {
  const list = codes.length === 0 ? "" : `"${codes.length === 1 ? codes[0] : codes.join('","')}"`;
  return `{"sale":"${sale}","order":${order},"remaining":${remaining},"codes":[${list}]}`;
}

/** Whether the numbers are numbers to JSON and no text needs an escape: printable ASCII but the quote and backslash. */
function isPlainPurchase({ v, at, buyer, key, items }: Purchased): boolean {
  if (v !== 1 || !Number.isFinite(at) || !isPlain(buyer) || !isPlain(key)) return false;
  for (const { sale, order, remaining, codes } of items) {
    if (!Number.isFinite(order) || !Number.isFinite(remaining) || !isPlain(sale)) return false;
    for (const code of codes) if (!isPlain(code)) return false;
  }
  return true;
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false;
  }
  return true;
}
