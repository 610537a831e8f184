import type { SaleView } from "../../box-office/sale.ts";
import { saleBody } from "./http-exchange.ts";

/**
 * The list of every sale as JSON. Ten thousand sales are 2 MB of it, which anybody may ask for again and again: what
 * hasn't changed since it was asked for last isn't written again, and who doesn't read it shares its bytes with the others.
 */
export class SalesList {
  #views: readonly SaleView[] = [];
  /** One for each view. */
  #texts: readonly string[] = [];
  #bytes = Buffer.from("[]");

  /** @param views of all sales, always in the same order; a view that is still the same object says the same. */
  bytes(views: Iterable<SaleView>): Buffer {
    const now = [...views];
    if (now.length === this.#views.length && now.every((view, i) => view === this.#views[i]))
      return this.#bytes;
    this.#texts = now.map((view, i) =>
      view === this.#views[i] ? (this.#texts[i] ?? "") : JSON.stringify(saleBody(view)),
    );
    this.#views = now;
    this.#bytes = Buffer.from(`[${this.#texts.join(",")}]`);
    return this.#bytes;
  }
}
