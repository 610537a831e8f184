import type { CommandRecord, CommandRecorder, Peer } from "../engine/ports.ts";

/** A command log without addresses: `--no-addresses`. The port stays, so that one connection's lines can be told. */
export class AnonymousLog implements CommandRecorder {
  readonly #log: CommandRecorder;
  /** One for each connection, as the log keeps what it made of a peer. */
  readonly #hidden = new WeakMap<Peer, Peer>();

  constructor(log: CommandRecorder) {
    this.#log = log;
  }

  record(record: CommandRecord): void {
    let peer = this.#hidden.get(record.peer);
    if (peer === undefined) {
      peer = { ...record.peer, address: "-" };
      this.#hidden.set(record.peer, peer);
    }
    this.#log.record({ ...record, peer });
  }
}
