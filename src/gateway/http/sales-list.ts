import type { SaleView } from "../../box-office/sale.ts";
import { saleBody } from "./http-exchange.ts";

/** Sales that are kept together as bytes: one that changes has these encoded anew, and the other pieces are copied. */
const PIECE = 100;

const [OPEN, CLOSE] = [Buffer.from("["), Buffer.from("]")];

/**
 * The list of every sale as JSON. Ten thousand sales are 2 MB of it, which anybody may ask for again and again: what
 * hasn't changed since it was asked for last isn't written again, and who doesn't read it shares its bytes with the others.
 */
export class SalesList {
  #views: readonly SaleView[] = [];
  /** One for each view. */
  #texts: readonly string[] = [];
  #pieces: readonly Buffer[] = [];
  #bytes = Buffer.concat([OPEN, CLOSE]);

  /** @param views of all sales, always in the same order; a view that is still the same object says the same. */
  bytes(views: Iterable<SaleView>): Buffer {
    const now = [...views];
    const before = this.#views;
    if (isSame(now, before)) return this.#bytes;
    const texts = now.map((view, i) =>
      view === before[i] ? (this.#texts[i] ?? "") : JSON.stringify(saleBody(view)),
    );
    const pieces: Buffer[] = [];
    for (let from = 0; from < now.length; from += PIECE) {
      const end = from + PIECE;
      const isKnown = isSame(now.slice(from, end), before.slice(from, end));
      const known = isKnown ? this.#pieces[from / PIECE] : undefined;
      pieces.push(known ?? Buffer.from((from === 0 ? "" : ",") + texts.slice(from, end).join(",")));
    }
    this.#views = now;
    this.#texts = texts;
    this.#pieces = pieces;
    this.#bytes = Buffer.concat([OPEN, ...pieces, CLOSE]);
    return this.#bytes;
  }
}

function isSame(now: readonly SaleView[], before: readonly SaleView[]): boolean {
  return now.length === before.length && now.every((view, i) => view === before[i]);
}
