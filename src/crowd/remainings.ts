/** How often each "Estoque restante" was answered, to anybody. */
export class Remainings {
  /** 1 for each that was. */
  readonly #seen: Uint8Array;
  distinct = 0;
  repeated = 0;
  negative = 0;
  /** At or above what was for sale before the first purchase. */
  foreign = 0;

  /** @param available before the first purchase: each from this less one down to 0 is expected once. */
  constructor(available: number) {
    this.#seen = new Uint8Array(available);
  }

  get missing(): number {
    return this.#seen.length - this.distinct;
  }

  add(left: number): void {
    if (left < 0) this.negative += 1;
    else if (left >= this.#seen.length) this.foreign += 1;
    else if (this.#seen[left] === 0) {
      this.#seen[left] = 1;
      this.distinct += 1;
    } else {
      this.repeated += 1;
    }
  }

  /** Up to `most` that nobody was answered, the highest first. */
  examplesMissing(most: number): number[] {
    const examples: number[] = [];
    for (let left = this.#seen.length - 1; left >= 0 && examples.length < most; left--) {
      if (this.#seen[left] === 0) examples.push(left);
    }
    return examples;
  }
}
