import { isLoopback } from "./address.ts";

/**
 * Who may come in: sockets of this process in all, and from one address over all processes. Loopback and
 * trusted proxies have no limit of their own; a proxy's clients are counted one by one. What other processes hold is known as of their last word, so that a crowd from one address that comes to
 * several of them within the same millisecond may be larger than the limit.
 */
export class Admission {
  readonly #total: number;
  readonly #perAddress: number;
  readonly #byAddress = new Map<string, number>();
  readonly #elsewhere = new Map<string, number>();
  readonly #changed: (address: string, count: number) => void;
  readonly #isProxy: (address: string) => boolean;
  #open = 0;

  /**
   * @param total sockets in all, below the descriptor limit.
   * @param changed told how many sockets an address has here whenever that changes, those without a limit excepted.
   * @param isProxy whether others come by through this address.
   */
  constructor(
    total: number,
    perAddress: number,
    changed: (address: string, count: number) => void = () => {},
    isProxy: (address: string) => boolean = () => false,
  ) {
    this.#total = total;
    this.#perAddress = perAddress;
    this.#changed = changed;
    this.#isProxy = isProxy;
  }

  get open(): number {
    return this.#open;
  }

  /** False, and nothing counted, when the server is full for this address. Pair each true with one `leave`. */
  enter(address: string): boolean {
    if (this.#open >= this.#total || !this.enterForwarded(address)) return false;
    this.#open += 1;
    return true;
  }

  leave(address: string): void {
    this.#open -= 1;
    this.leaveForwarded(address);
  }

  /** A client whom a proxy speaks for, on a socket that is counted already. Pair each true with one `leaveForwarded`. */
  enterForwarded(address: string): boolean {
    const count = this.#byAddress.get(address) ?? 0;
    const elsewhere = this.#elsewhere.get(address) ?? 0;
    if (count + elsewhere >= this.#perAddress && !this.#isExempt(address)) return false;
    this.#set(address, count + 1);
    return true;
  }

  leaveForwarded(address: string): void {
    this.#set(address, (this.#byAddress.get(address) ?? 0) - 1);
  }

  /** Sockets that an address has in other processes. */
  hearElsewhere(address: string, count: number): void {
    if (count <= 0) this.#elsewhere.delete(address);
    else this.#elsewhere.set(address, count);
  }

  #set(address: string, count: number): void {
    if (count <= 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
    if (!this.#isExempt(address)) this.#changed(address, Math.max(0, count));
  }

  #isExempt(address: string): boolean {
    return isLoopback(address) || this.#isProxy(address);
  }
}
