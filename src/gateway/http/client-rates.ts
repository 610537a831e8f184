import type { RateLimit } from "../rate-limit.ts";

/** The rates of one socket's clients: of one where the socket is its own, of as many as come by where it is a proxy's. */
export class ClientRates {
  readonly #make: () => RateLimit;
  readonly #kept: number;
  readonly #rates = new Map<string, RateLimit>();

  /** @param kept clients at most; who came first is forgotten first, and begins anew. */
  constructor(make: () => RateLimit, kept: number) {
    this.#make = make;
    this.#kept = kept;
  }

  of(address: string): RateLimit {
    const known = this.#rates.get(address);
    if (known !== undefined) return known;
    const rate = this.#make();
    this.#rates.set(address, rate);
    if (this.#rates.size > this.#kept) {
      for (const oldest of this.#rates.keys()) {
        this.#rates.delete(oldest);
        break;
      }
    }
    return rate;
  }
}
