/**
 * The pair of sockets between two processes of the server: bytes keep their order, arrive in whatever pieces, and what
 * is on its way when one end is killed arrives up to some byte or not at all.
 */
import { Duplex } from "node:stream";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export class Pipe {
  readonly left: PipeEnd;
  readonly right: PipeEnd;

  constructor(timeline: Timeline, random: Random) {
    this.left = new PipeEnd(timeline, random);
    this.right = new PipeEnd(timeline, random);
    this.left.other = this.right;
    this.right.other = this.left;
  }
}

export class PipeEnd extends Duplex {
  other!: PipeEnd;
  /** Its process is gone; set with the bytes of what is on its way that still arrive. */
  isKilled = false;
  readonly #timeline: Timeline;
  readonly #random: Random;
  #arrivesAt = 0;
  #onTheWay = 0;
  #stillArrive = Infinity;

  constructor(timeline: Timeline, random: Random) {
    super({ autoDestroy: false });
    this.#timeline = timeline;
    this.#random = random;
  }

  /** The system closes it for a process that is gone. */
  kill(): void {
    if (this.isKilled) return;
    this.isKilled = true;
    this.#stillArrive = this.#random.below(this.#onTheWay + 1);
    this.#later(() => this.#endOther());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (let at = 0; at < chunk.length;) {
      const size = this.#random.chance(0.8) ? chunk.length - at : this.#random.between(1, chunk.length - at);
      this.#deliver(chunk.subarray(at, at + size));
      at += size;
    }
    done();
  }

  override _final(done: () => void): void {
    this.#later(() => this.#endOther());
    done();
  }

  #deliver(bytes: Buffer): void {
    this.#onTheWay += bytes.length;
    this.#later(() => {
      this.#onTheWay -= bytes.length;
      const size = Math.min(bytes.length, this.#stillArrive);
      this.#stillArrive -= size;
      if (size > 0 && !this.other.isKilled && !this.other.destroyed) this.other.push(bytes.subarray(0, size));
    });
  }

  #later(task: () => void): void {
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#timeline.now + this.#random.span(0.02, 0.6));
    this.#timeline.at(this.#arrivesAt, task);
  }

  #endOther(): void {
    const { other } = this;
    if (!other.isKilled && !other.destroyed && !other.readableEnded) other.push(null);
  }
}
