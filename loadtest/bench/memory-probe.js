/**
 * Loaded into a Node server before its own program (`--expose-gc --import`): at SIGUSR2 it collects the garbage and
 * writes what is left into the file that BENCH_MEMORY names. Resident memory moves by megabytes for no reason, and what is
 * looked for is smaller. So does what V8 calls external, by what it hasn't swept up yet: buffers are counted by
 * Node.
 */
import { renameSync, writeFileSync } from "node:fs";

const path = process.env.BENCH_MEMORY ?? "";

process.on("SIGUSR2", () => {
  const collect = /** @type {() => void} */ (globalThis.gc);
  collect();
  // Buffers are freed beside the program; the next collection begins by waiting for that.
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  writeFileSync(`${path}.new`, String(heapUsed + arrayBuffers));
  renameSync(`${path}.new`, path);
});
