/** The audience's process, seen from the one that gives the orders. */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bunPath } from "./bun-program.js";
import { pinned } from "./pinning.js";
import { spawnWords } from "./trial.js";

const AUDIENCE = fileURLToPath(new URL("audience/audience.js", import.meta.url));

/**
 * @typedef {{ value: number, notices: number, soldOut: number }} Goal
 * @typedef {{ lastMs: number, medianMs: number }} Heard
 * @typedef {{ p50: number | null, p99: number | null, most: number | null, count: number }} Times
 * @typedef {{ sent: number, answerMs: Times, staleMs: Times, delayMs: Times }} Paced
 * @typedef {{ least: number, median: number, most: number, all: number, seconds: number }} Updates
 */

export class Audience {
  #child;
  /** @type {{ resolve: (result: any) => void, reject: (cause: Error) => void }[]} */
  #waiting = [];

  /**
   * @param {{ port: number, wire: "plain" | "socketio" }} server
   * @param {boolean} pin
   * @param {import("./workspace.js").Workspace} workspace
   */
  constructor({ port, wire }, pin, workspace) {
    const words = [...pinned(pin, 1), bunPath(), AUDIENCE, String(port), wire];
    this.#child = workspace.watch(spawnWords(words, ["pipe", "pipe", "inherit"]));
    if (this.#child.stdout === null) throw new Error("the audience can't be heard");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const { result, fault } = JSON.parse(line);
      const waiting = this.#waiting.shift();
      if (fault === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(fault));
    });
    this.#child.once("exit", (code) => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`the audience ended with code ${code}`));
    });
  }

  /** @param {number} count @param {{ underWay?: number, ask?: boolean }} [how] @returns {Promise<{ ms: number }>} */
  open(count, { underWay = 200, ask = false } = {}) {
    return this.#order({ what: "open", count, underWay, ask });
  }

  /** @param {Goal} goal @returns {Promise<void>} */
  expect(goal) {
    return this.#order({ what: "expect", ...goal });
  }

  /** @param {Goal} goal @param {readonly number[]} [quantities] @param {number} [timeoutMs] @returns {Promise<Heard>} */
  buy(goal, quantities = [1], timeoutMs) {
    return this.#order({ what: "buy", ...goal, quantities, timeoutMs });
  }

  /** @param {number} [timeoutMs] @returns {Promise<Heard>} */
  heard(timeoutMs) {
    return this.#order({ what: "heard", timeoutMs });
  }

  /** @param {number} buyers @param {number} perSecond @param {number} ms @returns {Promise<Paced>} */
  pace(buyers, perSecond, ms) {
    return this.#order({ what: "pace", buyers, perSecond, ms });
  }

  /** @returns {Promise<Updates>} */
  updates() {
    return this.#order({ what: "updates" });
  }

  leave() {
    this.#child.removeAllListeners("exit");
    this.#child.kill("SIGKILL");
  }

  /** @param {object} order @returns {Promise<any>} */
  #order(order) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    });
  }
}
