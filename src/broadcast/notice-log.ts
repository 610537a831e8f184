import type { NoticeMessage } from "../protocol/messages.ts";

/**
 * The newest notices of one sale, numbered from 0 without gaps. It is bounded: a reader so late that its next notice
 * is gone has to be disconnected, since a notice is never silently skipped.
 */
export class NoticeLog {
  readonly #capacity: number;
  readonly #entries: NoticeMessage[] = [];
  #first = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Sequence number that the next notice will get. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** Sequence number of the oldest notice kept. */
  get first(): number {
    return this.#first;
  }

  add(notice: NoticeMessage): void {
    this.#entries.push(notice);
    if (this.#entries.length > this.#capacity) {
      this.#entries.shift();
      this.#first += 1;
    }
  }

  at(sequence: number): NoticeMessage | undefined {
    return this.#entries[sequence - this.#first];
  }

  /** The notices after a journal offset and before a sequence number, the newest `limit` of them, oldest first. */
  since(offset: number, before: number, limit: number): NoticeMessage[] {
    const known = this.#entries.slice(0, Math.max(0, before - this.#first));
    return known.filter((notice) => notice.position.offset > offset).slice(-limit);
  }
}
