/**
 * How many of something each worker has, and so how many there are in all the others: sockets by address, subscribers
 * by sale. The engine's process keeps the sums; a worker is told what the others have.
 */
export class SharedCounts<Worker> {
  readonly #counts = new Map<string, Map<Worker, number>>();

  /** @param count what this worker has now; 0 for none any more. */
  set(worker: Worker, name: string, count: number): void {
    const byWorker = this.#counts.get(name) ?? new Map<Worker, number>();
    if (count === 0) byWorker.delete(worker);
    else byWorker.set(worker, count);
    if (byWorker.size === 0) this.#counts.delete(name);
    else this.#counts.set(name, byWorker);
  }

  /** What all workers but this one have. */
  elsewhere(worker: Worker, name: string): number {
    let sum = 0;
    for (const [other, count] of this.#counts.get(name) ?? []) if (other !== worker) sum += count;
    return sum;
  }

  /** All that a worker which comes now has to be told. */
  *all(worker: Worker): Generator<readonly [string, number]> {
    for (const name of this.#counts.keys()) yield [name, this.elsewhere(worker, name)];
  }

  /** Forgets a worker that is gone. @returns the names of what it had. */
  drop(worker: Worker): string[] {
    const names: string[] = [];
    for (const [name, byWorker] of this.#counts) {
      if (!byWorker.delete(worker)) continue;
      names.push(name);
      if (byWorker.size === 0) this.#counts.delete(name);
    }
    return names;
  }
}
