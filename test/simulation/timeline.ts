import type { LoopMeter } from "../../src/broadcast/pace.ts";
import type { Cancel, Clock, Scheduler } from "../../src/engine/ports.ts";
import type { Random } from "./random.ts";

interface Moment {
  readonly at: number;
  readonly sequence: number;
  task: (() => void) | null;
}

/** What will happen, in order: milliseconds from the beginning of the history, and first come, first served within one. */
export class Timeline {
  readonly #heap: Moment[] = [];
  #sequence = 0;
  now = 0;

  at(at: number, task: () => void): Cancel {
    const moment: Moment = { at: Math.max(at, this.now), sequence: (this.#sequence += 1), task };
    this.#push(moment);
    return { cancel: () => (moment.task = null) };
  }

  after(ms: number, task: () => void): Cancel {
    return this.at(this.now + ms, task);
  }

  /** Lets the next thing happen. False when nothing is left before `until`. */
  step(until: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.task === null) continue;
      this.now = Math.max(this.now, next.at);
      next.task();
      return true;
    }
    this.now = Math.max(this.now, until);
    return false;
  }

  #push(moment: Moment): void {
    const heap = this.#heap;
    let i = heap.push(moment) - 1;
    while (i > 0) {
      const above = (i - 1) >> 1;
      if (!before(moment, heap[above]!)) break;
      heap[i] = heap[above]!;
      i = above;
    }
    heap[i] = moment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Moment, b: Moment): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** When the history begins, by the wall clock. */
export const BEGINNING = 1_700_000_000_000;

/** The wall: it may be set while processes come and go. */
export class Wall {
  readonly #timeline: Timeline;
  #shift = 0;
  /** When it was last set, on the timeline. */
  setAt = Number.NEGATIVE_INFINITY;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  now(): number {
    return BEGINNING + this.#shift + Math.floor(this.#timeline.now);
  }

  /** Somebody sets it, forwards or backwards. */
  set(byMs: number): void {
    this.#shift += byMs;
    this.setAt = this.#timeline.now;
  }
}

/** Time and timers as one process has them: they end with it. */
export class ProcessTime implements Clock, LoopMeter, Scheduler {
  readonly #timeline: Timeline;
  readonly #wall: Wall;
  readonly #random: Random;
  readonly #lookCostMs: number;
  readonly #busyShare: number;
  #soonAt = 0;
  isOver = false;

  /** @param lookCostMs what the work between two looks at the clock takes. @param busyShare what else keeps the loop busy. */
  constructor(
    timeline: Timeline,
    wall: Wall,
    random: Random,
    { lookCostMs, busyShare }: { readonly lookCostMs: number; readonly busyShare: number },
  ) {
    this.#timeline = timeline;
    this.#wall = wall;
    this.#random = random;
    this.#lookCostMs = lookCostMs;
    this.#busyShare = busyShare;
  }

  now(): number {
    return this.#wall.now();
  }

  monotonic(): number {
    this.#timeline.now += this.#lookCostMs;
    return this.#timeline.now;
  }

  busyMs(): number {
    return this.#timeline.now * this.#busyShare;
  }

  soon(task: () => void): void {
    this.#soonAt = Math.max(this.#soonAt, this.#timeline.now + this.#random.next() * 0.4);
    this.#timeline.at(this.#soonAt, () => this.#run(task));
  }

  after(ms: number, task: () => void): Cancel {
    return this.#timeline.after(ms + this.#random.next() * 0.4, () => this.#run(task));
  }

  every(ms: number, task: () => void): Cancel {
    let cancelled = false;
    const again = (): void => {
      this.after(ms, () => {
        if (cancelled) return;
        task();
        again();
      });
    };
    again();
    return { cancel: () => (cancelled = true) };
  }

  #run(task: () => void): void {
    if (!this.isOver) task();
  }
}
