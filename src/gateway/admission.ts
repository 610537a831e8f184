import { isLoopback } from "./address.ts";

/**
 * Who may come in: sockets of this process in all, and from one address over all processes. Loopback has no limit of
 * its own. What other processes hold is known as of their last word, so that a crowd from one address that comes to
 * several of them within the same millisecond may be larger than the limit.
 */
export class Admission {
  readonly #total: number;
  readonly #perAddress: number;
  readonly #byAddress = new Map<string, number>();
  readonly #elsewhere = new Map<string, number>();
  readonly #changed: (address: string, count: number) => void;
  #open = 0;

  /**
   * @param total sockets in all, below the descriptor limit.
   * @param changed told how many sockets an address has here whenever that changes, loopback excepted.
   */
  constructor(
    total: number,
    perAddress: number,
    changed: (address: string, count: number) => void = () => {},
  ) {
    this.#total = total;
    this.#perAddress = perAddress;
    this.#changed = changed;
  }

  get open(): number {
    return this.#open;
  }

  /** False, and nothing counted, when the server is full for this address. Pair each true with one `leave`. */
  enter(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0;
    if (this.#open >= this.#total) return false;
    const elsewhere = this.#elsewhere.get(address) ?? 0;
    if (count + elsewhere >= this.#perAddress && !isLoopback(address)) return false;
    this.#open += 1;
    this.#set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const count = this.#byAddress.get(address) ?? 0;
    this.#open -= 1;
    this.#set(address, count - 1);
  }

  /** Sockets that an address has in other processes. */
  hearElsewhere(address: string, count: number): void {
    if (count <= 0) this.#elsewhere.delete(address);
    else this.#elsewhere.set(address, count);
  }

  #set(address: string, count: number): void {
    if (count <= 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
    if (!isLoopback(address)) this.#changed(address, Math.max(0, count));
  }
}
