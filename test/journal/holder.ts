/** A process of its own for the tests of lock and kill: holds a data directory and, if asked, sells until it dies. */
import { createBoxOffice, evolve } from "../../src/box-office/box-office.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { lockDirectory } from "../../src/journal/lock.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { created, purchased, SMALL } from "./events.ts";

const [directory = "", what] = process.argv.slice(2);

try {
  const platform = what === "darwin" ? what : process.platform;
  const lock = await lockDirectory(
    directory,
    "2026-11-21T06:20:00.000Z",
    () => "http://localhost:8080",
    platform,
  );
  if (what === "sell") await sell(lock);
  else process.send?.("locked");
  setInterval(() => undefined, 1_000);
} catch (error) {
  process.send?.({ code: (error as { code?: string }).code, message: (error as Error).message });
  process.disconnect?.();
}

/** Tells the parent each offset that is durable. */
async function sell(lock: Awaited<ReturnType<typeof lockDirectory>>): Promise<void> {
  const state = createBoxOffice();
  const parts = { directory, state, lock, disk: nodeDisk, clock: systemClock, scheduler: systemScheduler };
  const limits = {
    ...SMALL,
    segmentBytes: 65_536,
    stepBytes: 16_384,
    roomAheadBytes: 16_384,
    snapshotEveryBytes: 100_000,
  };
  const { journal } = await openFileJournal({ ...parts, limits });
  for (;;) {
    const n = state.offset;
    const events = n === 0 ? [created()] : [purchased(n), purchased(n + 1)];
    for (const event of events) evolve(state, event, journal.epoch);
    const { kind } = await journal.append(events);
    if (kind !== "durable") throw new Error(kind);
    process.send?.(state.offset);
  }
}
