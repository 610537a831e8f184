/**
 * What the buyers of a sale remember, written down on their side of the sockets: what they sent, what they were
 * answered, and which stock they were shown. A crash can't reach it, so it is what the books are held against.
 */

/** What a buyer was told of a purchase. Text tells no order and no codes. */
export interface Receipt {
  readonly order: number | null;
  readonly codes: readonly string[] | null;
  readonly remaining: number;
}

/** One purchase that somebody wanted, however often it was asked for. */
export interface Attempt {
  /** Null for a bare `COMPRAR`, which can't be asked for again. */
  readonly key: string | null;
  readonly quantity: number;
  /** Every receipt that came, from the first time and from each retry. */
  readonly receipts: Receipt[];
  /** It was refused, which means that nothing was bought. */
  isRefused: boolean;
}

/** A stock that one connection was shown. */
export interface Sighting {
  readonly connection: number;
  /** Events behind it; null in text, which doesn't tell. */
  readonly offset: number | null;
  readonly available: number;
}

export class Recording {
  readonly attempts: Attempt[] = [];
  readonly sightings: Sighting[] = [];
  /** Connections that were shown stock. */
  #connections = 0;

  /** To be called before the first byte leaves: from then on the purchase may be in the books. */
  begin(key: string | null, quantity: number): Attempt {
    const attempt: Attempt = { key, quantity, receipts: [], isRefused: false };
    this.attempts.push(attempt);
    return attempt;
  }

  /** A number for a connection's sightings. */
  nextConnection(): number {
    this.#connections += 1;
    return this.#connections;
  }

  see(connection: number, available: number, offset: number | null): void {
    this.sightings.push({ connection, offset, available });
  }

  /** Purchases that were asked for with a key, and whose fate nobody knows. */
  unanswered(): Attempt[] {
    return this.attempts.filter((attempt) => attempt.key !== null && isOpen(attempt));
  }
}

/** Neither bought nor refused, as far as the buyer knows. */
export function isOpen({ receipts, isRefused }: Attempt): boolean {
  return receipts.length === 0 && !isRefused;
}
