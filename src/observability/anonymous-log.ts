import type { CommandRecord, CommandRecorder } from "../engine/ports.ts";

/** A command log without addresses: `--no-addresses`. The port stays, so that one connection's lines can be told. */
export class AnonymousLog implements CommandRecorder {
  readonly #log: CommandRecorder;

  constructor(log: CommandRecorder) {
    this.#log = log;
  }

  record(record: CommandRecord): void {
    this.#log.record({ ...record, peer: { ...record.peer, address: "-" } });
  }
}
