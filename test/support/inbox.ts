/** How long a test waits for something that has to come. Generous: a test that needs it has failed already. */
export const DEADLINE_MS = 15_000;

interface Waiter<T> {
  resolve(item: T): void;
  reject(cause: Error): void;
}

/** What has arrived on a connection, in order, for a test to take one by one. */
export class Inbox<T> {
  /** Everything that ever arrived. */
  readonly all: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #taken = 0;
  #ended = false;

  /** What arrived and wasn't taken yet. */
  get waiting(): readonly T[] {
    return this.all.slice(this.#taken);
  }

  push(item: T): void {
    this.all.push(item);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    this.#taken += 1;
    waiter.resolve(item);
  }

  /** Nothing more will come: whoever waits is told so. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#missing("the connection ended"));
  }

  /** @throws if nothing comes within the deadline, or ever. */
  next(deadlineMs = DEADLINE_MS): Promise<T> {
    if (this.#taken < this.all.length) {
      this.#taken += 1;
      return Promise.resolve(this.all[this.#taken - 1]!);
    }
    if (this.#ended) return Promise.reject(this.#missing("the connection ended"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(this.#missing(`nothing came in ${deadlineMs} ms`));
      }, deadlineMs);
      const settled = <A>(step: (value: A) => void): ((value: A) => void) => {
        return (value) => {
          clearTimeout(timer);
          step(value);
        };
      };
      const waiter = { resolve: settled(resolve), reject: settled(reject) };
      this.#waiters.push(waiter);
    });
  }

  async take(count: number): Promise<T[]> {
    const items: T[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** Takes until one fits, and returns that one. */
  async until(fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (fits(item)) return item;
    }
  }

  #missing(why: string): Error {
    return new Error(`${why}; so far: ${JSON.stringify(this.all.slice(-20))}`);
  }
}

/** Asks again until the condition holds. */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > until) throw new Error(`never came true in ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Fails with a name instead of hanging. */
export async function within<T>(promise: Promise<T>, what: string, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadlineMs} ms: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
