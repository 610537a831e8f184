import type { CommandRecord, CommandRecorder, Peer } from "../engine/ports.ts";

/** A command log without addresses: `--no-addresses`. The port stays, so that one connection's lines can be told. */
export class AnonymousLog implements CommandRecorder {
  readonly #log: CommandRecorder;
  /** Whose command came last, and how it is named here: in a rush many of one peer come in a row. */
  #peer: Peer | null = null;
  #named: Peer = { address: "-", port: 0, transport: "ws" };

  constructor(log: CommandRecorder) {
    this.#log = log;
  }

  record(record: CommandRecord): void {
    if (record.peer !== this.#peer) {
      this.#peer = record.peer;
      this.#named = { ...record.peer, address: "-" };
    }
    this.#log.record({ ...record, peer: this.#named });
  }
}
