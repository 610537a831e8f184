/** One server, one load, one measured window: started fresh, checked, and gone again. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "./node-flags.js";
import { pinned } from "./pinning.js";

/**
 * @typedef {Pick<import("./settings.js").Settings, "warmUpMs" | "measureMs" | "pin" | "serverFlags">} Settings
 * @typedef {import("./settings.js").Load} Load
 * @typedef {import("./workspace.js").Workspace} Workspace
 * @typedef {import("./client.js").Measured} Measured
 *
 * @typedef {import("node:child_process").ChildProcess} ChildProcess
 * @typedef {(child: ChildProcess) => ChildProcess} Watch
 *
 * @typedef {object} Server a running one
 * @property {ChildProcess} process
 * @property {number} port
 *
 * @typedef {object} Inside what the server says of itself after the load; null where there is no answer
 * @property {number | null} batchCommands mean
 * @property {number | null} syncMs mean
 * @property {number | null} logLinesDropped
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} reply what each reply begins with
 * @property {readonly string[]} pushes what begins a message that answers nothing
 * @property {(start: (args: readonly string[], stdout: number | "pipe") => ChildProcess, directory: string, watch: Watch) => Promise<Server>} start
 *   with `start` what Node runs; whatever else it needs goes through `watch`, and ends with the trial
 * @property {(server: Server, measured: Measured) => Promise<Inside>} check throws what makes the run void
 *
 * @typedef {Measured & Inside & { subject: Subject["name"], load: Load, round: number }} Trial
 */

/** The numbers mean nothing: something was answered, closed or sold that shouldn't have been. */
export class VoidRun extends Error {}

const CLIENT = fileURLToPath(new URL("client.js", import.meta.url));

/** How long anything that should be quick may take. */
const PATIENCE_MS = 20_000;

/**
 * @param {Subject} subject
 * @param {Load} load
 * @param {number} round
 * @param {Settings} settings
 * @param {Workspace} workspace
 * @returns {Promise<Trial>}
 * @throws {VoidRun}
 */
export async function runOnce(subject, load, round, settings, workspace) {
  const directory = workspace.makeDirectory();
  /** @type {ChildProcess[]} */
  const children = [];
  /** @type {Watch} */
  const watch = (child) => {
    children.push(child);
    return workspace.watch(child);
  };
  const where = `round ${round + 1}, ${load.name}, ${subject.name}`;
  try {
    const server = await subject.start(
      (args, stdout) => {
        const words = [
          ...pinned(settings.pin, 0),
          process.execPath,
          ...NODE_FLAGS,
          ...settings.serverFlags,
          ...args,
        ];
        return watch(spawnWords(words, ["ignore", stdout, "inherit"]));
      },
      directory,
      watch,
    );
    const orders = JSON.stringify(ordersFor(subject, load, server, settings));
    const words = [...pinned(settings.pin, 1), process.execPath, CLIENT, orders];
    const client = watch(spawnWords(words, ["ignore", "inherit", "inherit", "ipc"]));
    const measured = await reportOf(client, settings.warmUpMs + settings.measureMs + PATIENCE_MS);
    const inside = await subject.check(server, measured);
    return { subject: subject.name, load, round, ...measured, ...inside };
  } catch (cause) {
    throw new VoidRun(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    // The client first, the database last; and the next trial begins when nothing of this one runs any more.
    for (const child of children.toReversed()) await stopped(child);
    workspace.removeDirectory(directory);
  }
}

/**
 * @param {Subject} subject @param {Load} load @param {Server} server @param {Settings} settings
 * @returns {import("./client.js").Orders}
 */
function ordersFor({ reply, pushes }, { connections, inFlight }, { port, process }, { warmUpMs, measureMs }) {
  const serverPid = process.pid ?? 0;
  return { port, serverPid, connections, inFlight, warmUpMs, measureMs, request: "COMPRAR", reply, pushes };
}

/** @param {readonly string[]} words @param {import("node:child_process").StdioOptions} stdio */
export function spawnWords([command = "", ...args], stdio) {
  return spawn(command, args, { stdio });
}

/**
 * @param {ChildProcess} client
 * @param {number} patienceMs
 * @returns {Promise<Measured>}
 */
export function reportOf(client, patienceMs) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the client said nothing in time")), patienceMs);
    client.once("error", reject);
    client.once("exit", (code) => reject(new Error(`the client ended with code ${code} and no report`)));
    client.once("message", (message) => {
      clearTimeout(timer);
      const report = /** @type {import("./client.js").Report} */ (message);
      if ("fault" in report) reject(new Error(report.fault));
      else resolve(report);
    });
  });
}

/** @param {ChildProcess} child */
export async function stopped(child) {
  // It couldn't even be started.
  if (child.pid === undefined) return;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  await exit;
  clearTimeout(timer);
}
