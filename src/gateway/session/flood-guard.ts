import type { Cancel } from "../../engine/ports.ts";
import type { Desk } from "../desk.ts";
import { RateLimit } from "../rate-limit.ts";

/** How fast one session may ask, and whether it has been shut out for asking on. One for each session that asks. */
export class FloodGuard {
  readonly #desk: Desk;
  readonly #rate: RateLimit;
  #closing: Cancel | null = null;

  constructor(desk: Desk) {
    const { rateLimit, limits, clock } = desk;
    this.#desk = desk;
    this.#rate = new RateLimit(rateLimit, rateLimit * limits.session.rateBurst, clock.monotonic());
  }

  /** It flooded on after being refused: nothing of it is looked at any more. */
  get isShutOut(): boolean {
    return this.#closing !== null;
  }

  /** @returns milliseconds until the next command may come; 0 if this one may. */
  take(): number {
    return this.#rate.take(this.#desk.clock.monotonic());
  }

  /** Whether it has been refused so often without a calm second that it is enough. */
  get isPersistent(): boolean {
    return this.#rate.refusals >= this.#desk.limits.session.floodRefusals;
  }

  /**
   * Whoever is closed at once comes back at once: until then the flood waits in its sender's own buffers.
   *
   * @param close what happens when that is over.
   */
  shutOut(close: () => void): void {
    // Not all at one moment: those who come back may send a burst again.
    const { limits, entropy, after } = this.#desk;
    const ms = limits.session.floodCloseMs * (0.5 + entropy.random());
    this.#closing = after(ms, close);
  }

  /** The session is over. */
  cancel(): void {
    this.#closing?.cancel();
  }
}
