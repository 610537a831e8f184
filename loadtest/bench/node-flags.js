/** What `npm start` gives Node. Every server of the benchmarks that runs on Node gets it, the peers too. */
import { readFileSync } from "node:fs";

const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

/** @type {readonly string[]} */
export const NODE_FLAGS = scripts.start
  .split(" ")
  .filter((/** @type {string} */ word) => word.startsWith("--"));
