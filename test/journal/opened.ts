/** Opening a journal for a test: on a disk in memory, with clock and timers that the test turns. */
import { createBoxOffice, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Cancel, Clock, Scheduler } from "../../src/engine/ports.ts";
import type { SaleEvent } from "../../src/box-office/event.ts";
import { asDiskFault } from "../../src/journal/fault.ts";
import type { FileJournal } from "../../src/journal/file-journal.ts";
import { foldsInPlace } from "../../src/journal/fold-runner.ts";
import type { JournalLimits } from "../../src/journal/limits.ts";
import type { Note } from "../../src/journal/note.ts";
import { openFileJournal, type Replayed } from "../../src/journal/opening.ts";
import { SMALL } from "./events.ts";
import { MemoryDisk } from "./memory-disk.ts";

export const DIRECTORY = "/data";

export interface Opened {
  readonly disk: MemoryDisk;
  readonly journal: FileJournal;
  readonly replayed: Replayed;
  readonly state: BoxOffice;
  readonly notes: Note[];
  readonly time: TestTime;
}

export class TestTime implements Clock, Scheduler {
  #now = 0;
  #timers: { readonly at: number; readonly task: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  after(ms: number, task: () => void): Cancel {
    const timer = { at: this.#now + ms, task };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  get timers(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { task } of due) task();
  }
}

export async function open(
  disk = new MemoryDisk(),
  limits: Partial<JournalLimits> = {},
  state = createBoxOffice(),
): Promise<Opened> {
  const notes: Note[] = [];
  const time = new TestTime();
  const { journal, replayed } = await openFileJournal({
    directory: DIRECTORY,
    disk,
    limits: { ...SMALL, ...limits },
    clock: time,
    scheduler: time,
    state,
    lock: null,
    fold: foldsInPlace(disk),
    onNote: (note) => notes.push(note),
  });
  return { disk, journal, replayed, state, notes, time };
}

/** Lets everything that isn't waiting for a timer happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
}

/** Appends the events one by one. */
export async function appendEach(journal: FileJournal, events: readonly SaleEvent[]): Promise<void> {
  for (const event of events) {
    const result = await journal.append([event]);
    if (result.kind !== "durable") throw asDiskFault(result, DIRECTORY);
  }
}

/** What a promise is rejected with. */
export function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => Promise.reject(new Error("it was not rejected")),
    (error: unknown) => error as Error,
  );
}
