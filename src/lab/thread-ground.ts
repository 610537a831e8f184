/**
 * Real threads over shared memory. They are started once and keep for all repetitions, since what is measured is the
 * race and not the start of a thread; with more buyers than threads, each thread serves several, one after the other.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { judge, type Outcome } from "./outcome.ts";
import type { Ground, RaceSettings } from "./race.ts";
import type { StartOrder, ThreadPlace } from "./race-thread.ts";
import { newSharedRace, SOLD_OUT, STOCK, UNANSWERED, type SharedRace } from "./shared-stock.ts";
import type { StrategyName, ThreadStrategy } from "./strategy.ts";

/** Mebibytes for each thread, which does next to nothing. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 };

export class ThreadGround implements Ground {
  readonly threads: number;
  /** Memory that the process took for each thread, stack and JavaScript engine included. */
  readonly bytesPerThread: number;
  readonly #settings: RaceSettings;
  readonly #race: SharedRace;
  readonly #workers: readonly Worker[];

  private constructor(
    settings: RaceSettings,
    race: SharedRace,
    workers: readonly Worker[],
    bytesPerThread: number,
  ) {
    this.#settings = settings;
    this.#race = race;
    this.#workers = workers;
    this.threads = workers.length;
    this.bytesPerThread = bytesPerThread;
  }

  /** @param mostThreads with more buyers than these, threads are shared. */
  static async open(settings: RaceSettings, mostThreads: number): Promise<ThreadGround> {
    const threads = Math.min(settings.buyers, mostThreads);
    const race = newSharedRace(settings.buyers, threads);
    const before = process.memoryUsage.rss();
    const workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: ThreadPlace = { race, thread, threads };
      const url = new URL("./race-thread.js", import.meta.url);
      return new Worker(url, { workerData, resourceLimits: THREAD_LIMITS });
    });
    await Promise.all(workers.map((worker) => once(worker, "online")));
    const bytes = Math.max(0, process.memoryUsage.rss() - before) / threads;
    return new ThreadGround(settings, race, workers, Math.round(bytes));
  }

  async run(strategy: StrategyName, factors: Float64Array): Promise<Outcome> {
    const { cells, told, spoiled, began, ended } = this.#race;
    const { buyers, stock, work } = this.#settings;
    cells[STOCK] = stock;
    told.fill(UNANSWERED);
    this.#race.factors.set(factors);
    const order: StartOrder = { strategy: strategy as ThreadStrategy, work };
    await Promise.all(
      this.#workers.map(async (worker) => {
        const done = once(worker, "message");
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(order);
        await done;
      }),
    );
    if (told.includes(UNANSWERED)) throw new Error("a thread left a buyer without an answer");
    return judge({
      stock,
      buyers,
      remaining: Array.from(told).filter((left) => left !== SOLD_OUT),
      counter: cells[STOCK] ?? 0,
      spoiled: spoiled.reduce((sum, times) => sum + times, 0),
      ms: Math.max(...ended) - Math.min(...began),
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
