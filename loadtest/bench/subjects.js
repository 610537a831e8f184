/** The two servers that are compared: how each is started, and how its own books are checked afterwards. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADMIN_TOKEN } from "./admin.js";
import { NODE_FLAGS } from "./node-flags.js";

/** @typedef {import("./trial.js").Subject} Subject */

const MAIN = fileURLToPath(new URL("../../dist/src/main.js", import.meta.url));
const ECHO = fileURLToPath(new URL("echo-server.js", import.meta.url));

/** More tickets than any run can sell. */
const STOCK = 100_000_000;

const START_MS = 20_000;

/** @type {Subject} */
export const echo = {
  name: "echo",
  reply: "COMPRAR",
  pushes: [],
  async start(start) {
    const child = start([ECHO], "pipe");
    const line = await new Promise((resolve, reject) => {
      child.stdout?.once("data", (data) => resolve(String(data)));
      child.once("exit", (code) => reject(new Error(`the echo server ended with code ${code}`)));
    });
    return { process: child, port: Number(line) };
  },
  check: async () => ({ batchCommands: null, syncMs: null, logLinesDropped: null }),
};

/** @type {Subject} */
export const ours = {
  name: "ours",
  reply: "Compra realizada. Estoque restante: ",
  pushes: ["ESTOQUE: ", "AVISO: "],
  async start(start, directory) {
    const log = join(directory, "server.log");
    const descriptor = openSync(log, "w");
    const child = start([MAIN, "serve", ...flagsFor(STOCK), "--data", join(directory, "data")], descriptor);
    closeSync(descriptor);
    return { process: child, port: await listening(child, log) };
  },
  async check({ port }, { repliesInAll }) {
    const base = `http://127.0.0.1:${port}`;
    const audit = JSON.parse(await get(`${base}/api/sales/default/audit`));
    // The client waited for its last reply before it reported, so the two counts have to be the same.
    if (audit.balanced !== true || audit.sold !== repliesInAll || audit.tickets !== repliesInAll) {
      throw new Error(`${repliesInAll} purchases were answered, and the audit says ${JSON.stringify(audit)}`);
    }
    const metrics = await get(`${base}/metrics`);
    const syncSeconds = meanOf(metrics, "bilheteria_journal_sync_seconds");
    return {
      batchCommands: meanOf(metrics, "bilheteria_batch_commands"),
      syncMs: syncSeconds === null ? null : syncSeconds * 1000,
      logLinesDropped: valueOf(metrics, "bilheteria_log_lines_dropped"),
    };
  },
};

/**
 * Ours as a contestant of the other cases.
 *
 * @param {{ stock: number, words: readonly string[], nodeFlags?: readonly string[], flags: readonly string[], workspace: import("./workspace.js").Workspace, directory?: string }} options
 */
export async function startOurs({
  stock,
  words,
  nodeFlags = [],
  flags,
  workspace,
  directory = workspace.makeDirectory(),
}) {
  const log = join(directory, "server.log");
  const descriptor = openSync(log, "w");
  const data = ["--data", join(directory, "data")];
  const [command = "", ...args] = [
    ...words,
    process.execPath,
    ...NODE_FLAGS,
    ...nodeFlags,
    MAIN,
    "serve",
    ...flagsFor(stock),
    ...data,
    ...flags,
  ];
  const child = workspace.watch(spawn(command, args, { stdio: ["ignore", descriptor, "inherit"] }));
  closeSync(descriptor);
  return { child, port: await listening(child, log) };
}

/** @type {boolean | null} */
let hasWorkers = null;

/** Whether this build of ours knows a flag. @param {string} flag */
export function oursHas(flag) {
  return spawnSync(process.execPath, [MAIN, "--help"], { encoding: "utf8" }).stdout.includes(flag);
}

/** One process, however many cores there are, unless later flags say otherwise. @param {number} stock */
function flagsFor(stock) {
  hasWorkers ??= oursHas("--workers");
  const workers = hasWorkers ? ["--workers", "0"] : [];
  const flags = [...workers, "--port", "0", "--no-tcp", "--rate-limit", "0", "--admin-token", ADMIN_TOKEN];
  return [...flags, "--stock", String(stock)];
}

/** @param {import("node:child_process").ChildProcess} child @param {string} log */
async function listening(child, log) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await wait(5)) {
    if (child.exitCode !== null) throw new Error(`our server ended with code ${child.exitCode}`);
    const port = listeningPort(readFileSync(log, "utf8"));
    if (port !== null) return port;
  }
  throw new Error("our server didn't say that it listens");
}

/** @param {string} log */
function listeningPort(log) {
  for (const line of log.split("\n").slice(0, -1)) {
    const { msg, http } = JSON.parse(line);
    if (msg === "listening") return Number(new URL(http).port);
  }
  return null;
}

/** @param {string} url */
async function get(url) {
  const response = await fetch(url, { headers: { connection: "close" } });
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
  return response.text();
}

/** @param {string} metrics in Prometheus's text format @param {string} histogram */
function meanOf(metrics, histogram) {
  const sum = valueOf(metrics, `${histogram}_sum`);
  const count = valueOf(metrics, `${histogram}_count`);
  return sum === null || count === null || count === 0 ? null : sum / count;
}

/** @param {string} metrics @param {string} name */
function valueOf(metrics, name) {
  const line = metrics.split("\n").find((line) => line.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
}
