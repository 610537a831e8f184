import { isLoopback } from "./address.ts";

/** Who may come in: sockets in all, and from one address. Loopback has no limit of its own. */
export class Admission {
  readonly #total: number;
  readonly #perAddress: number;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  /** @param total sockets in all, below the descriptor limit. */
  constructor(total: number, perAddress: number) {
    this.#total = total;
    this.#perAddress = perAddress;
  }

  get open(): number {
    return this.#open;
  }

  /** False, and nothing counted, when the server is full for this address. Pair each true with one `leave`. */
  enter(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#open >= this.#total) return false;
    if (count >= this.#perAddress && !isLoopback(address)) return false;
    this.#open += 1;
    this.#byAddress.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#byAddress.get(address) ?? 0;
    this.#open -= 1;
    if (count <= 1) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count - 1);
  }
}
