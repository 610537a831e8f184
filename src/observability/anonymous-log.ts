import type { Instant } from "../box-office/sale.ts";
import type { Bought, CommandRecorder, Peer } from "../engine/ports.ts";

/** A command log without addresses: `--no-addresses`. The port stays, so that one connection's lines can be told. */
export class AnonymousLog implements CommandRecorder {
  readonly #log: CommandRecorder;
  /** Whose command came last, and how it is named here: in a rush many of one peer come in a row. */
  #peer: Peer | null = null;
  #named: Peer = { address: "-", port: 0, transport: "ws" };

  constructor(log: CommandRecorder) {
    this.#log = log;
  }

  record(at: Instant, peer: Peer, command: string, outcome: string, bought?: Bought): void {
    if (peer !== this.#peer) {
      this.#peer = peer;
      this.#named = { ...peer, address: "-" };
    }
    this.#log.record(at, this.#named, command, outcome, bought);
  }
}
