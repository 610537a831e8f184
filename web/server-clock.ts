/**
 * The server's time, whatever the browser's clock says. It is kept as the distance between the server's clock and the
 * browser's monotonic one, so that setting the browser's clock changes nothing.
 *
 * Each `hello` bounds that distance: the server wrote its time after the page began to connect and before the
 * message arrived. Several bounds together are tighter than any of them; when they contradict each other, a clock was
 * set or the machine slept, and the newest is right.
 */
export class ServerClock {
  readonly #monotonic: () => number;
  #low = 0;
  #high = 0;
  #known = false;

  /** @param monotonic milliseconds from an arbitrary start. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** False until the first `hello`: until then there is no time to show. */
  get known(): boolean {
    return this.#known;
  }

  /** @param startedAt,arrivedAt monotonic times at which connecting began and `hello` came. */
  learn(serverTime: number, startedAt: number, arrivedAt: number): void {
    const low = serverTime - arrivedAt;
    const high = serverTime - startedAt;
    const agrees = this.#known && low <= this.#high && high >= this.#low;
    this.#low = agrees ? Math.max(this.#low, low) : low;
    this.#high = agrees ? Math.min(this.#high, high) : high;
    this.#known = true;
  }

  /** Epoch milliseconds by the server's clock. */
  now(): number {
    // Connecting is two round trips and `hello` travels the last quarter of them.
    return this.#monotonic() + this.#low + (this.#high - this.#low) / 4;
  }
}
