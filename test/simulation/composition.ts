import type { BoxOffice } from "../../src/box-office/box-office.ts";
import type { Clock, Counter, Journal, Published } from "../../src/engine/ports.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import type { Disk } from "../../src/journal/disk.ts";
import type { ServerProcess } from "./process.ts";

/** How the parts are put together; a planted bug changes one of these (mutants.ts). */
export interface Composition {
  disk(disk: Disk, server: ServerProcess): Disk;
  state(state: BoxOffice, server: ServerProcess): BoxOffice;
  /** The queue's. */
  clock(clock: Clock, server: ServerProcess): Clock;
  journal(journal: Journal, server: ServerProcess): Journal;
  counter(counter: Counter, server: ServerProcess): Counter;
  publish(publish: (published: Published) => void, server: ServerProcess): (published: Published) => void;
  desk(desk: Desk, server: ServerProcess): Desk;
  /** Changes what all instances of a class do, for one history; what it returns changes it back. */
  install(): () => void;
}

export const AS_IT_IS: Composition = {
  disk: (disk) => disk,
  state: (state) => state,
  clock: (clock) => clock,
  journal: (journal) => journal,
  counter: (counter) => counter,
  publish: (publish) => publish,
  desk: (desk) => desk,
  install: () => () => undefined,
};
