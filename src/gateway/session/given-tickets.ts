import type { TicketCode } from "../../box-office/sale.ts";

/** The tickets that one connection was given: the newest codes, and how many in all. */
export class GivenTickets {
  readonly #kept: number;
  #codes: TicketCode[] = [];
  #total = 0;

  /** @param kept codes that `newest` gives at most; about twice as many are remembered. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Newest first. */
  get newest(): readonly TicketCode[] {
    return this.#codes.slice(-this.#kept).toReversed();
  }

  get total(): number {
    return this.#total;
  }

  /** @param repeated a receipt that was given before, here or elsewhere: what is still remembered isn't counted twice. */
  add(codes: readonly TicketCode[], repeated: boolean): void {
    for (const code of codes) {
      if (repeated && this.#codes.includes(code)) continue;
      this.#codes.push(code);
      this.#total += 1;
    }
    if (this.#codes.length > this.#kept * 2) this.#codes = this.#codes.slice(-this.#kept);
  }
}
