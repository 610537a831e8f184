import type { TicketCode } from "../box-office/sale.ts";

/** The tickets that one connection was given: the newest codes, and how many in all. */
export class GivenTickets {
  readonly #kept: number;
  #newest: readonly TicketCode[] = [];
  #total = 0;

  /** @param kept codes remembered, so that a connection's memory is bounded. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Newest first. */
  get newest(): readonly TicketCode[] {
    return this.#newest.toReversed();
  }

  get total(): number {
    return this.#total;
  }

  /** A repeated receipt gives nothing new; codes that are still remembered aren't counted again. */
  add(codes: readonly TicketCode[]): void {
    const fresh = codes.filter((code) => !this.#newest.includes(code));
    this.#total += fresh.length;
    this.#newest = [...this.#newest, ...fresh].slice(-this.#kept);
  }
}
