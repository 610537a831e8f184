/**
 * The counter that threads race for, and how each strategy buys from it. The reads and writes of `cells[STOCK]` in the
 * unprotected ones are plain: no `Atomics`, nothing between two threads, as `stock -= 1` in any language is.
 */
import { lock, unlock } from "./mutex.ts";
import type { ThreadStrategy } from "./strategy.ts";

/** Cells stand a cache line apart, so that they don't slow each other down. */
export const STOCK = 0;
const LOCK = 16;
const ARRIVED = 32;
const ROUND = 48;
export const CELLS = 64;

/** What a buyer was told: the stock left, or one of these. */
export const SOLD_OUT = -0x8000_0000;
export const UNANSWERED = -0x7fff_ffff;

/** Everything that the threads of a race share. */
export interface SharedRace {
  readonly cells: Int32Array;
  /** By buyer: what it was told. */
  readonly told: Int32Array;
  /** By buyer: how long its work is, as a multiple of the average. */
  readonly factors: Float64Array;
  /** By thread: attempts that another one spoiled. */
  readonly spoiled: Int32Array;
  /** By thread, milliseconds by the one clock of the process: when it was let go, and when it had finished. */
  readonly began: Float64Array;
  readonly ended: Float64Array;
}

export function newSharedRace(buyers: number, threads: number): SharedRace {
  return {
    cells: new Int32Array(new SharedArrayBuffer(CELLS * 4)),
    told: new Int32Array(new SharedArrayBuffer(buyers * 4)),
    factors: new Float64Array(new SharedArrayBuffer(buyers * 8)),
    spoiled: new Int32Array(new SharedArrayBuffer(threads * 4)),
    began: new Float64Array(new SharedArrayBuffer(threads * 8)),
    ended: new Float64Array(new SharedArrayBuffer(threads * 8)),
  };
}

/**
 * Buys one ticket. @param work what is done between reading and writing.
 * @param spoiled called for each attempt that must begin again. @returns the stock left, or `SOLD_OUT`.
 */
export type Purchase = (cells: Int32Array, work: () => void, spoiled: () => void) => number;

export const PURCHASES: Readonly<Record<ThreadStrategy, Purchase>> = {
  none: (cells, work) => readAndWrite(cells, work),
  "check-lock": (cells, work) => lockTheCheckOnly(cells, work),
  mutex: (cells, work) => {
    lock(cells, LOCK);
    try {
      return readAndWrite(cells, work);
    } finally {
      unlock(cells, LOCK);
    }
  },
  cas: compareAndSwap,
};

/** Read, work, write: right for one at a time and for nobody else. `mutex` runs this very function. */
function readAndWrite(cells: Int32Array, work: () => void): number {
  const left = cells[STOCK] ?? 0;
  if (left <= 0) return SOLD_OUT;
  work();
  cells[STOCK] = left - 1;
  return left - 1;
}

/** The check is safe and says nothing any more by the time of the write. */
function lockTheCheckOnly(cells: Int32Array, work: () => void): number {
  lock(cells, LOCK);
  const isOffered = (cells[STOCK] ?? 0) > 0;
  unlock(cells, LOCK);
  if (!isOffered) return SOLD_OUT;
  work();
  const left = (cells[STOCK] ?? 0) - 1;
  cells[STOCK] = left;
  return left;
}

function compareAndSwap(cells: Int32Array, work: () => void, spoiled: () => void): number {
  for (;;) {
    const left = Atomics.load(cells, STOCK);
    if (left <= 0) return SOLD_OUT;
    work();
    if (Atomics.compareExchange(cells, STOCK, left, left - 1) === left) return left - 1;
    spoiled();
  }
}

/** The start line: nobody goes on before all `threads` are here. */
export function waitForAll(cells: Int32Array, threads: number): void {
  const round = Atomics.load(cells, ROUND);
  if (Atomics.add(cells, ARRIVED, 1) + 1 === threads) {
    Atomics.store(cells, ARRIVED, 0);
    Atomics.add(cells, ROUND, 1);
    Atomics.notify(cells, ROUND);
    return;
  }
  while (Atomics.load(cells, ROUND) === round) Atomics.wait(cells, ROUND, round);
}
