/**
 * Sees what the disk really holds. It reads the frames itself as they are written: what is durable goes into the
 * ledger, what was in flight when a process ended may be found by the next one, as a whole or not at all.
 */
import type { EngineFault } from "../../src/engine/fault.ts";
import { scopeOf, type Ledger, type Written } from "./ledger.ts";
import type { ServerProcess } from "./process.ts";
import { broken } from "./violation.ts";
import type { World } from "./world.ts";

interface Frame {
  readonly offset: number;
  readonly events: readonly Written[];
  readonly epoch: number;
}

export class Witness {
  readonly #world: World;
  /** A frame whose write has begun, and nobody knows how it ended. */
  #maybe: (Frame & { readonly server: number }) | null = null;
  #lastEpoch = 0;
  #previous: ServerProcess | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  get #ledger(): Ledger {
    return this.#world.ledger;
  }

  begun(bytes: Buffer, epoch: number): void {
    const frame = readFrame(bytes, epoch);
    const server = this.#world.server?.number ?? 0;
    if (this.#maybe !== null && this.#maybe.server === server)
      broken(3, "two frames in flight", `frame ${frame.offset} was begun within frame ${this.#maybe.offset}`);
    this.#maybe = { ...frame, server };
  }

  durable(bytes: Buffer, server: ServerProcess): void {
    const { offset, events } = readFrame(bytes, server.epoch);
    this.#maybe = null;
    if (offset !== this.#ledger.length)
      broken(3, "two writers", `a frame of event ${offset} follows ${this.#ledger.length} events`);
    this.#world.trace(`durable ${offset}+${events.length}`);
    server.clerk.attribute(events, offset);
    this.#ledger.take(events, server.epoch);
  }

  /** A journal was opened: what was found is what was durable, maybe with the frame that was in flight. */
  reopened(server: ServerProcess): void {
    const { state, epoch } = server;
    const ledger = this.#ledger;
    const maybe = this.#maybe;
    const found = state.offset - ledger.length;
    if (maybe !== null && found > 0 && maybe.offset === ledger.length && found === maybe.events.length) {
      this.#previous?.clerk.attribute(maybe.events, maybe.offset);
      ledger.take(maybe.events, maybe.epoch);
      this.#world.count("frame in flight found");
    } else if (found !== 0) {
      const what = found < 0 ? "lost" : "out of nothing";
      broken(2, "recovery", `${state.offset} events were found, ${ledger.length} are durable: ${what}`);
    }
    if (maybe !== null) this.#world.count("frame in flight at a crash");
    this.#maybe = null;
    this.#previous = server;
    this.#assertRecovered(server);
    if (epoch <= this.#lastEpoch) broken(5, "epoch", `epoch ${epoch} came after ${this.#lastEpoch}`);
    this.#lastEpoch = epoch;
  }

  /** A process says that it can't go on: only the disk may be to blame. */
  failed(fault: EngineFault, server: ServerProcess): void {
    this.#world.trace(`fault ${fault.code}`);
    this.#world.count(`fault ${fault.code}`);
    if (fault.code === "INVARIANT_BROKEN")
      broken(1, "invariant", `the server found its own books wrong: ${fault.message}`);
    const { injected } = this.#world.platter;
    if (injected.eio + injected.enospc === 0)
      broken(6, "fault without cause", `${fault.message} (life ${server.number})`);
  }

  #assertRecovered({ state }: ServerProcess): void {
    const ledger = this.#ledger;
    const expected = Object.values(ledger.now);
    if (state.sales.size !== expected.length)
      broken(2, "recovered sales", `${state.sales.size} sales were found instead of ${expected.length}`);
    for (const books of expected) {
      const found = state.sales.get(books.sale as never);
      for (const field of [
        "capacity",
        "available",
        "sold",
        "phase",
        "orders",
        "opensAt",
        "closesAt",
        "offset",
        "at",
      ])
        if (found?.[field as "at"] !== books[field as "at"])
          broken(
            2,
            "recovered books",
            `${JSON.stringify(found)} was found instead of ${JSON.stringify(books)}`,
          );
      if (found?.tickets !== books.sold) broken(1, "recovered tickets", `${JSON.stringify(found)} was found`);
    }
    let count = 0;
    for (const bought of ledger.purchases()) {
      count += 1;
      const { sale, buyer, key, codes, order, remaining, position, at } = bought;
      const found = state.purchases?.find(sale as never, buyer as never, key as never);
      const asFound = found && [found.at, found.epoch, found.offset, found.items];
      const asBought = [at, position.epoch, position.offset, [{ sale, order, remaining, codes }]];
      if (JSON.stringify(asFound) !== JSON.stringify(asBought))
        broken(
          2,
          "recovered purchase",
          `${scopeOf(sale, buyer, key)}: ${JSON.stringify(asFound)} instead of ${JSON.stringify(asBought)}`,
        );
    }
    let found = 0;
    for (const sale of state.sales.keys()) found += [...(state.purchases?.ofSale(sale) ?? [])].length;
    if (found !== count)
      broken(2, "recovered purchases", `${found} purchases were found instead of ${count}`);
  }
}

/** A frame as docs/decisions/0002-journal-format.md has it. */
function readFrame(bytes: Buffer, epoch: number): Frame {
  const events = JSON.parse(bytes.toString("utf8", 44)) as Written[];
  if (events.length !== bytes.readUInt32LE(16)) broken(2, "frame", "its count isn't that of its events");
  return { offset: Number(bytes.readBigUInt64LE(8)), events, epoch };
}
