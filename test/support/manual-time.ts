import type { LoopMeter } from "../../src/broadcast/pace.ts";
import type { Cancel, Clock, Scheduler } from "../../src/engine/ports.ts";

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

/** A clock, an event loop and timers that stand still until a test turns them. */
export class ManualTime implements Clock, LoopMeter, Scheduler {
  #wall: number;
  #monotonic = 0;
  #busy = 0;
  #waiting: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  constructor(now = 1_000_000) {
    this.#wall = now;
  }

  now(): number {
    return this.#wall;
  }

  /** Somebody sets the clock; timers go on as they were. */
  set(now: number): void {
    this.#wall = now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  busyMs(): number {
    return this.#busy;
  }

  soon(task: () => void): void {
    this.#waiting.push(task);
  }

  after(ms: number, task: () => void): Cancel {
    const timer = { due: this.#monotonic + ms, task };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Tasks that `soon` put off and timers that are armed. */
  get waiting(): { readonly soon: number; readonly timers: number } {
    return { soon: this.#waiting.length, timers: this.#timers.size };
  }

  /** One turn of the loop: runs what waits now, but not what that puts off. */
  turn(): void {
    const tasks = this.#waiting;
    this.#waiting = [];
    for (const task of tasks) task();
  }

  /** Turns the loop until nothing waits; timers don't fire. */
  settle(): void {
    for (let turns = 0; this.#waiting.length > 0; turns++) {
      if (turns === 10_000) throw new Error("the loop never comes to rest");
      this.turn();
    }
  }

  /** Lets time pass: timers fire at their instants, in order, and the loop settles after each. */
  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#pass(Math.max(0, next.due - this.#monotonic));
      next.task();
      this.settle();
    }
    this.#pass(Math.max(0, until - this.#monotonic));
  }

  /** Something kept the loop busy: time passes and no timer fires. */
  spend(ms: number): void {
    this.#busy += ms;
    this.#pass(ms);
  }

  /** Somebody set the wall clock, forwards or backwards. */
  setWallClock(now: number): void {
    this.#wall = now;
  }

  #pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= until && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Lets every promise that can go on do so. */
export function promises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
