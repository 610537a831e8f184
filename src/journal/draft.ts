/**
 * The next frame, event by event. While the frame before it is being written there is time for that, and what is there
 * already keeps nobody waiting when its turn comes.
 */
import type { SaleEvent } from "../box-office/event.ts";
import { NO_ROOM, writeEvents } from "./event-json.ts";
import { EVENTS, FRAME_HEADER_BYTES, FrameEncoder } from "./frame.ts";

export class Draft {
  #encoder: FrameEncoder;
  /** Holds the frame that was finished last, which may be on its way to the disk, or wait for a place there. */
  #finished: FrameEncoder;
  /** Null when nothing is written. */
  #events: readonly SaleEvent[] | null = null;
  /** How many of them are written, and where they end: `NO_ROOM` if they don't fit. */
  #written = 0;
  #end = FRAME_HEADER_BYTES;

  /** @param maxBytes of a whole frame. */
  constructor(maxBytes: number) {
    this.#encoder = new FrameEncoder(maxBytes);
    this.#finished = new FrameEncoder(maxBytes);
  }

  /** Writes those of a batch's events that aren't yet; another array is another batch, and the one before is forgotten. */
  write(events: readonly SaleEvent[]): void {
    if (events !== this.#events) {
      this.#events = events;
      this.#written = 0;
      this.#end = FRAME_HEADER_BYTES;
    }
    if (this.#end === NO_ROOM) return;
    const from = this.#written;
    this.#written = events.length;
    this.#end = this.#encoder.payloadPart(this.#end, (bytes, start, end) =>
      writeEvents(bytes, start, end, events, from),
    );
  }

  /**
   * Writes the rest of a batch, and begins the next. What was finished before must have gone its way.
   *
   * @returns how many bytes its frame takes, or null if it is too long for one.
   */
  finish(events: readonly SaleEvent[]): number | null {
    this.write(events);
    this.#events = null;
    if (this.#end === NO_ROOM) return null;
    const bytes = this.#encoder.payloadEnd(this.#end);
    [this.#encoder, this.#finished] = [this.#finished, this.#encoder];
    return bytes;
  }

  /** The frame that was finished, of so many bytes. It stays as it is until another one is finished. */
  seal(bytes: number, offset: number, count: number, previous: Buffer): Buffer {
    return this.#finished.seal(EVENTS, bytes, offset, count, previous);
  }
}
