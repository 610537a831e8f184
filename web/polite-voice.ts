/**
 * Says to screen readers what the eye sees at once: now and then while only the number changes, immediately when more
 * than the number does. What was put off is said by a timer of its own, so the last thing said is always the truth.
 */
import type { Timers } from "./timers.ts";

export class PoliteVoice {
  readonly #timers: Timers;
  readonly #gapMs: number;
  readonly #say: (text: string) => void;
  #said = "";
  #saidAt = -Infinity;
  #topic = "";
  #next = "";
  #callOff: (() => void) | null = null;

  /** @param gapMs shortest time between two texts on one topic. */
  constructor(timers: Timers, gapMs: number, say: (text: string) => void) {
    this.#timers = timers;
    this.#gapMs = gapMs;
    this.#say = say;
  }

  /** @param topic a new one doesn't wait. */
  tell(topic: string, text: string): void {
    this.#next = text;
    const rest = this.#saidAt + this.#gapMs - this.#timers.monotonic();
    if (topic !== this.#topic || rest <= 0) {
      this.#topic = topic;
      this.#speak();
    } else {
      this.#callOff ??= this.#timers.after(rest, () => this.#speak());
    }
  }

  #speak(): void {
    this.#callOff?.();
    this.#callOff = null;
    if (this.#next === this.#said) return;
    this.#said = this.#next;
    this.#saidAt = this.#timers.monotonic();
    this.#say(this.#said);
  }
}
