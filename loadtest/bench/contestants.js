/** The servers whose fan-out is compared: how each is started, restocked and stopped. */
import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { restockOurs } from "./admin.js";
import { bunPath } from "./bun-program.js";
import { NODE_FLAGS } from "./node-flags.js";
import { pinned } from "./pinning.js";
import { family, processorSeconds, residentBytes } from "./processes.js";
import { startOurs } from "./subjects.js";
import { stopped } from "./trial.js";

/**
 * @typedef {import("./workspace.js").Workspace} Workspace
 * @typedef {import("node:child_process").ChildProcess} ChildProcess
 *
 * @typedef {object} Contestant
 * @property {string} name
 * @property {"plain" | "socketio"} wire
 * @property {boolean} ours
 * @property {number} processes that hold connections
 * @property {boolean} rehearses before the first client is there
 * @property {(stock: number, pin: boolean, workspace: Workspace, nodeFlags?: readonly string[]) => Promise<{ child: ChildProcess, port: number }>} start
 */

/** A server of which less than this share of a processor is used is at rest. */
const QUIET_SHARE = 0.05;
const LOOK_MS = 250;
const LONGEST_START_MS = 20_000;

/** @type {Contestant} */
export const ours = {
  name: "ours",
  wire: "plain",
  ours: true,
  processes: 1,
  rehearses: true,
  start: (stock, pin, workspace, nodeFlags = []) =>
    startOurs({ stock, words: pinned(pin, 0), nodeFlags, flags: [], workspace }),
};

/** As it is in the first moments after a start, before its rehearsal is over. @type {Contestant} */
export const oursUnrehearsed = {
  ...ours,
  name: "ours, unrehearsed",
  rehearses: false,
  start: (stock, pin, workspace, nodeFlags = []) =>
    startOurs({ stock, words: pinned(pin, 0), nodeFlags, flags: ["--no-rehearsal"], workspace }),
};

/** Its processes share the machine with the clients: two on one processor would show nothing. @type {Contestant} */
export const oursWithWorkers = {
  name: "ours, 2 workers",
  wire: "plain",
  ours: true,
  processes: 2,
  rehearses: true,
  start: (stock, _pin, workspace) =>
    startOurs({ stock, words: [], nodeFlags: [], flags: ["--workers", "2"], workspace }),
};

/** @param {"ws" | "bun" | "socket.io"} name @param {boolean} conflate @returns {Contestant} */
export function peer(name, conflate = false) {
  return {
    name: conflate ? `${name}, conflated` : name,
    wire: name === "socket.io" ? "socketio" : "plain",
    ours: false,
    processes: 1,
    rehearses: false,
    start: (stock, pin, workspace, nodeFlags = []) => {
      const script = { ws: "ws-server.js", bun: "bun-server.js", "socket.io": "socketio-server.js" }[name];
      const runtime = name === "bun" ? [bunPath()] : [process.execPath, ...NODE_FLAGS, ...nodeFlags];
      const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
      const words = [...pinned(pin, 0), ...runtime, path, String(stock), conflate ? "conflate" : "all"];
      return startPeer(words, workspace);
    },
  };
}

/** @param {readonly string[]} words of its command @param {Workspace} workspace */
export async function startPeer([command = "", ...args], workspace) {
  const child = workspace.watch(spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] }));
  const line = await new Promise((resolve, reject) => {
    child.stdout?.once("data", (data) => resolve(String(data)));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${args.join(" ")} ended with code ${code}`)));
  });
  return { child, port: Number(line) };
}

/** A contestant that runs. */
export class Running {
  port;
  wire;
  ours;
  #child;
  #pids;

  /** @param {Contestant} contestant @param {{ child: ChildProcess, port: number }} started */
  constructor(contestant, { child, port }) {
    this.port = port;
    this.wire = contestant.wire;
    this.ours = contestant.ours;
    this.#child = child;
    this.#pids = family(child.pid ?? 0);
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  processorSeconds() {
    return processorSeconds(this.#pids);
  }

  residentBytes() {
    return residentBytes(this.#pids);
  }

  /** Resolves when it has nothing left to do of what it does at its start. @throws if that takes too long. */
  async quiet() {
    for (const deadline = performance.now() + LONGEST_START_MS; performance.now() < deadline;) {
      const before = this.processorSeconds();
      await wait(LOOK_MS);
      if (this.processorSeconds() - before < (QUIET_SHARE * LOOK_MS) / 1000) return;
    }
    throw new Error("the server doesn't come to rest");
  }

  /** Each restocking is a notice to everybody, all in one turn of the server. @param {readonly number[]} quantities */
  async restock(quantities) {
    if (this.ours) await restockOurs(this.port, quantities);
    else this.#child.stdin?.write(`${quantities.join(" ")}\n`);
  }

  stop() {
    return stopped(this.#child);
  }
}
