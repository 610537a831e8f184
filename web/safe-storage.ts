import type { KeyValueStore } from "./purchase-store.ts";

/**
 * Storage that never throws: what the browser refuses to keep (private windows, full disks, strict settings) is kept in
 * memory, so a purchase still happens once for as long as the page is open.
 */
export class SafeStorage implements KeyValueStore {
  readonly #store: KeyValueStore | null;
  readonly #memory = new Map<string, string>();
  /** False once something could be kept in memory only. */
  durable = true;

  /** @param find gives the browser's storage; just asking for it may throw. */
  constructor(find: () => KeyValueStore) {
    this.#store = attempt(find, null);
    this.durable = this.#store !== null;
  }

  get length(): number {
    return this.#names().length;
  }

  key(index: number): string | null {
    return this.#names()[index] ?? null;
  }

  getItem(name: string): string | null {
    return this.#memory.get(name) ?? attempt(() => this.#store?.getItem(name) ?? null, null);
  }

  setItem(name: string, value: string): void {
    const kept = attempt(() => {
      this.#store?.setItem(name, value);
      return this.#store !== null;
    }, false);
    if (kept) {
      this.#memory.delete(name);
    } else {
      this.durable = false;
      this.#memory.set(name, value);
    }
  }

  removeItem(name: string): void {
    this.#memory.delete(name);
    attempt(() => this.#store?.removeItem(name), undefined);
  }

  #names(): string[] {
    const names = new Set(this.#memory.keys());
    const { length } = this.#store ?? { length: 0 };
    for (let i = 0; i < length; i++) {
      const name = this.#store?.key(i) ?? null;
      if (name !== null) names.add(name);
    }
    return [...names];
  }
}

function attempt<T>(step: () => T, otherwise: T): T {
  try {
    return step();
  } catch {
    return otherwise;
  }
}
