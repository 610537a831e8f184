import type { ServerResponse } from "node:http";
import type { Purchase } from "../../box-office/purchases.ts";
import type { SaleId } from "../../box-office/sale.ts";

/** Rows written between two looks at whether the reader keeps up. */
const ROWS_AT_ONCE = 1_000;

/** Streams every ticket of a sale, one row each, in the order of arrival; as slowly as the reader likes. */
export async function sendTickets(
  response: ServerResponse,
  sale: SaleId,
  all: Iterable<Purchase> | AsyncIterable<Purchase>,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${sale}-tickets.csv"`,
    "cache-control": "no-store",
  });
  if (response.req.method === "HEAD") {
    // Node would drop each row after it was made.
    response.end();
    return;
  }
  let rows = ["order,code,buyer,at"];
  for await (const purchase of all) {
    const item = purchase.items.find((candidate) => candidate.sale === sale);
    if (item === undefined) continue;
    const at = new Date(purchase.at).toISOString();
    for (const code of item.codes) rows.push(`${item.order},${code},${cell(purchase.buyer)},${at}`);
    if (rows.length < ROWS_AT_ONCE) continue;
    const more = response.write(`${rows.join("\r\n")}\r\n`);
    rows = [];
    if (!more) await drainedOrClosed(response);
    if (response.destroyed) return;
    await new Promise(setImmediate);
  }
  response.end(rows.length === 0 ? "" : `${rows.join("\r\n")}\r\n`);
}

/** Takes its listeners back, since a long list waits many times. */
function drainedOrClosed(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off("drain", settle).off("close", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle);
  });
}

/** A buyer's own id must not become a formula in a spreadsheet. */
function cell(text: string): string {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
