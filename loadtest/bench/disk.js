/** How long the disk itself takes to make 4 KiB durable, in the two ways in which a journal can ask for it. */
import { closeSync, constants, fdatasyncSync, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { median } from "./spread.js";

const WRITES = 200;
const BLOCK = Buffer.alloc(4096, "x");

/** @typedef {ReturnType<typeof measureSyncs>} Syncs */

/** @param {string} directory */
export function measureSyncs(directory) {
  return { intoSpaceMadeAheadMs: intoSpaceMadeAhead(directory), appendMs: append(directory) };
}

/** One write on a descriptor opened with `O_DSYNC`: how our journal does it on Linux. @param {string} directory */
function intoSpaceMadeAhead(directory) {
  const path = join(directory, "sync-ahead");
  const made = openSync(path, "w");
  writeSync(made, Buffer.alloc(WRITES * BLOCK.length));
  fsyncSync(made);
  closeSync(made);
  // Not every system has the flag; there, the write and the sync are two calls.
  const flag = constants.O_DSYNC ?? 0;
  const file = openSync(path, constants.O_WRONLY | flag);
  const times = timed((i) => {
    writeSync(file, BLOCK, 0, BLOCK.length, i * BLOCK.length);
    if (flag === 0) fdatasyncSync(file);
  });
  closeSync(file);
  unlinkSync(path);
  return median(times);
}

/** @param {string} directory */
function append(directory) {
  const path = join(directory, "sync-append");
  const file = openSync(path, "a");
  const times = timed(() => {
    writeSync(file, BLOCK);
    fdatasyncSync(file);
  });
  closeSync(file);
  unlinkSync(path);
  return median(times);
}

/** @param {(i: number) => void} step */
function timed(step) {
  return Array.from({ length: WRITES }, (_, i) => {
    const started = performance.now();
    step(i);
    return performance.now() - started;
  });
}
