import type { Envelope } from "./ports.ts";

/**
 * A bounded first-in-first-out queue. The last `reserve` places are kept for the organiser, so that a sale can be
 * paused while a crowd fills the rest. Who is taken out keeps the place until `clear`: a command that was decided waits on.
 */
export class Mailbox {
  readonly #capacity: number;
  readonly #reserve: number;
  #inbox: Envelope[] = [];
  /** The envelopes before this index have been taken; the array is cut when it is used up. */
  #head = 0;
  /** Taken out, and still in their places. */
  #taken = 0;

  /** @param capacity envelopes in all. @param reserve how many of them only the organiser may use. */
  constructor(capacity: number, reserve: number) {
    if (reserve >= capacity) throw new RangeError("the mailbox's reserve must be smaller than its capacity");
    this.#capacity = capacity;
    this.#reserve = reserve;
  }

  /** Envelopes to be taken. */
  get length(): number {
    return this.#inbox.length - this.#head;
  }

  /** Places that aren't free. */
  get occupied(): number {
    return this.length + this.#taken;
  }

  /** Whether it is full for this sender. */
  isFull(organiser: boolean): boolean {
    return this.occupied >= this.#capacity - (organiser ? 0 : this.#reserve);
  }

  /** False, and nothing taken, when it is full for this sender. */
  offer(envelope: Envelope, organiser: boolean): boolean {
    if (this.isFull(organiser)) return false;
    this.#inbox.push(envelope);
    return true;
  }

  take(): Envelope | undefined {
    const envelope = this.#inbox[this.#head];
    if (envelope === undefined) return undefined;
    this.#head += 1;
    this.#taken += 1;
    if (this.#head === this.#inbox.length) {
      this.#inbox = [];
      this.#head = 0;
    } else if (this.#head > 4096 && this.#head * 2 > this.#inbox.length) {
      this.#inbox = this.#inbox.slice(this.#head);
      this.#head = 0;
    }
    return envelope;
  }

  /** The next ones that `take` will give, so many at most. */
  peek(count: number): readonly Envelope[] {
    return this.#inbox.slice(this.#head, this.#head + count);
  }

  /** Frees the places of those that were taken. */
  clear(): void {
    this.#taken = 0;
  }
}
