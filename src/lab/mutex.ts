/**
 * A lock for threads over one cell of shared memory, after "mutex2" in Ulrich Drepper's "Futexes Are Tricky". The cell
 * is 0 when it is free, 1 when somebody holds it, 2 when somebody may wait as well. Without the third value each
 * `unlock` would have to wake up nobody in particular, or a waiter could be forgotten: it goes to sleep only after
 * having written 2, and whoever finds 2 when it leaves wakes one up.
 *
 * Memory: `Atomics` are sequentially consistent, so plain reads and writes between `lock` and `unlock` see those of
 * the holder before.
 */

const FREE = 0;
const HELD = 1;
const WAITED_FOR = 2;

/** Waits until nobody else holds it. Not reentrant; not for a thread that must not block, such as a browser's main one. */
export function lock(cells: Int32Array, index: number): void {
  let found = Atomics.compareExchange(cells, index, FREE, HELD);
  while (found !== FREE) {
    if (found === WAITED_FOR || Atomics.compareExchange(cells, index, HELD, WAITED_FOR) !== FREE) {
      Atomics.wait(cells, index, WAITED_FOR);
    }
    // Whoever comes back can't know whether others still sleep, so it takes the lock as one that is waited for.
    found = Atomics.compareExchange(cells, index, FREE, WAITED_FOR);
  }
}

/** Only for the thread that holds it. */
export function unlock(cells: Int32Array, index: number): void {
  if (Atomics.sub(cells, index, 1) === HELD) return;
  Atomics.store(cells, index, FREE);
  Atomics.notify(cells, index, 1);
}
