/** The directories and processes of a run, so that whatever happens none of them outlives it. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

export class Workspace {
  /** @type {string} */
  root;
  /** @type {Set<ChildProcess>} */
  #children = new Set();

  /** @param {string} parent the prefix is one that the repository ignores */
  constructor(parent) {
    this.root = mkdtempSync(join(parent, "data.bench-"));
  }

  makeDirectory() {
    return mkdtempSync(join(this.root, "trial-"));
  }

  /** @param {string} directory */
  removeDirectory(directory) {
    rmSync(directory, { recursive: true, force: true });
  }

  /** @template {ChildProcess} Child @param {Child} child @returns {Child} */
  watch(child) {
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  clear() {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }
}
