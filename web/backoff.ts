export interface Backoff {
  /** Shortest wait. */
  readonly floorMs: number;
  /** Ceiling of the first wait, above `floorMs`. */
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Exponential backoff with full jitter: anywhere between the floor and a ceiling that doubles with each attempt. Of
 * the usual kinds of jitter it spreads a crowd that lost its server at one instant the best for the least work
 * ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt 0 for the first. @param random uniform in [0, 1). @returns whole milliseconds, at most `capMs`.
 */
export function backoffDelay(
  attempt: number,
  { floorMs, baseMs, capMs }: Backoff,
  random: () => number,
): number {
  return Math.floor(floorMs + random() * (Math.min(capMs, baseMs * 2 ** attempt) - floorMs));
}
