/** One thread of a race: waits for its word, then for all the others, and then buys for each of its buyers in turn. */
import { parentPort, workerData } from "node:worker_threads";
import { PURCHASES, waitForAll, type SharedRace } from "./shared-stock.ts";
import type { ThreadStrategy } from "./strategy.ts";
import { workHere, type Work } from "./work.ts";

export interface ThreadPlace {
  readonly race: SharedRace;
  readonly thread: number;
  readonly threads: number;
}

export interface StartOrder {
  readonly strategy: ThreadStrategy;
  readonly work: Work;
}

const { race, thread, threads } = workerData as ThreadPlace;

parentPort?.on("message", (order: StartOrder) => {
  run(order);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(null);
});

function run({ strategy, work }: StartOrder): void {
  const { cells, told, factors, spoiled, began, ended } = race;
  const buy = PURCHASES[strategy];
  let lost = 0;
  let factor = 1;
  const doWork = (): void => workHere(work, factor);
  const tryAgain = (): void => void (lost += 1);
  waitForAll(cells, threads);
  began[thread] = processClock();
  for (let buyer = thread; buyer < told.length; buyer += threads) {
    factor = factors[buyer] ?? 1;
    told[buyer] = buy(cells, doWork, tryAgain);
  }
  ended[thread] = processClock();
  spoiled[thread] = lost;
}

/** Milliseconds by a clock that all threads of this process share; `performance.now` begins anew in each. */
function processClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
