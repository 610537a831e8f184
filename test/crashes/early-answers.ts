/**
 * Loaded before the server (`node --import`): a journal that says `durable` before it has written. What a test that
 * looks for answers that are too early has to find.
 *
 * The write begins a moment later, so that every answer is too early: otherwise the disk may be faster than those that leave
 * last, and which do is chance.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { AppendResult } from "../../src/engine/ports.ts";
import { FileJournal } from "../../src/journal/file-journal.ts";

type Events = Parameters<FileJournal["append"]>[0];

// eslint-disable-next-line typescript/unbound-method -- called with `this` below
const append = FileJournal.prototype.append;
const LATE_MS = 2;
let last: Promise<unknown> = Promise.resolve();

FileJournal.prototype.append = function (this: FileJournal, events: Events): Promise<AppendResult> {
  last = last.then(() => wait(LATE_MS)).then(() => append.call(this, events));
  return Promise.resolve({ kind: "durable" });
};
