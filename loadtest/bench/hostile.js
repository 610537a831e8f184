/**
 * What trouble costs those who behave: the time of their purchases alone, and beside clients who never read, who flood,
 * who send rubbish. Pairs of runs directly one after the other, the first of them changing; the median of the ratios is
 * the figure. README.md says more.
 *
 *     npm run bench:hostile            # ROUNDS=5, MEASURE_MS=5000, CASES=crowd,junk
 */
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { BAR, CASES } from "./hostile/cases.js";
import { startServer } from "./hostile/server.js";
import { Workspace } from "./workspace.js";

/** @typedef {import("./hostile/cases.js").Case} Case */
/** @typedef {{ p50Ms: number, p99Ms: number, answers: number, lateMs: number }} Bought */
/** @typedef {{ pushes: number, fault: string | null }} Watched */
/** @typedef {Bought & { pushes: number, peakMb: number | null, did: Counts | null }} Trial */
/** @typedef {{ sent: number, closed: number, answers: number }} Counts */

const rounds = Number(process.env.ROUNDS || 5);
const measureMs = Number(process.env.MEASURE_MS || 5_000);
const chosen = (process.env.CASES || "crowd,junk").split(",");
/** For Node itself, given to the server: `--cpu-prof`, say. */
const flags = (process.env.SERVER_FLAGS ?? "").split(" ").filter((flag) => flag !== "");
/** Until then the server's compiler sees what it will do. */
const WARM_UP_MS = 3_000;
const directory = process.env.BENCH_DIR || fileURLToPath(new URL("../../", import.meta.url));

const names = CASES.map(({ name }) => name);
if (!chosen.every((name) => names.includes(name))) {
  process.stderr.write(`CASES: ${names.join(", ")}; not ${process.env.CASES}\n`);
  process.exit(2);
}
const workspace = new Workspace(directory);
process.once("SIGINT", () => {
  workspace.clear();
  process.exit(130);
});
try {
  for (const load of CASES.filter(({ name }) => chosen.includes(name))) await compare(load);
} finally {
  workspace.clear();
}

/** @param {Case} load */
async function compare(load) {
  /** @type {number[]} */
  const ratios = [];
  for (let round = 0; round < rounds; round++) {
    /** @type {Record<string, Trial>} */
    const pair = {};
    for (const kind of round % 2 === 0 ? ["alone", "beside"] : ["beside", "alone"]) {
      pair[kind] = await run(load, kind === "beside");
      describe(load, kind, pair[kind]);
    }
    ratios.push((pair.beside?.p99Ms ?? Number.NaN) / (pair.alone?.p99Ms ?? Number.NaN));
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const range = `${sorted[0]?.toFixed(2)}-${sorted.at(-1)?.toFixed(2)}`;
  const verdict = median <= BAR ? "met" : "MISSED";
  console.log(`${load.name}: p99 beside / alone ${median.toFixed(2)} (${range}), bar ${BAR}: ${verdict}`);
  console.log(
    `load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}\n`,
  );
}

/** @param {Case} load @param {string} kind @param {Trial} trial */
function describe({ name }, kind, { p50Ms, p99Ms, answers, pushes, lateMs, peakMb, did }) {
  const trouble =
    did === null ? "" : `, trouble: ${did.sent} sent, ${did.answers} answers read, ${did.closed} closed`;
  console.log(
    `${name.padEnd(6)} ${kind.padEnd(6)} p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ${answers} purchases, ` +
      `${pushes} pushes, sent up to ${lateMs.toFixed(0)} ms late, server's peak ${peakMb?.toFixed(0) ?? "?"} MiB${trouble}`,
  );
}

/** @param {Case} load @param {boolean} isBeside @returns {Promise<Trial>} */
async function run({ watchers, buyers, perSecond, trouble }, isBeside) {
  const data = workspace.makeDirectory();
  const server = await startServer(workspace, data, flags);
  const { port, tcpPort } = server;
  try {
    const audience = child("watchers.js", { port, watchers });
    await said(audience);
    const crowd = child("buyers.js", { port, buyers, perSecond, warmUpMs: WARM_UP_MS, measureMs });
    await said(crowd);
    const troublemakers = isBeside ? child("trouble.js", { port, tcpPort, trouble }) : null;
    if (troublemakers !== null) await said(troublemakers);
    crowd.send("go");
    const measured = /** @type {Bought & { fault?: string }} */ (await said(crowd));
    if (measured.fault !== undefined) throw new Error(measured.fault);
    audience.send("count");
    const { pushes, fault } = /** @type {Watched} */ (await said(audience));
    audience.disconnect();
    if (fault !== null) throw new Error(fault);
    /** @type {Counts | null} */
    let did = null;
    if (troublemakers !== null) {
      troublemakers.send("count");
      did = /** @type {Counts} */ (await said(troublemakers));
      troublemakers.disconnect();
      if (did.sent === 0) throw new Error("nobody made trouble");
    }
    await checkBooks(port);
    return { ...measured, pushes, peakMb: peakOf(server.child.pid ?? 0), did };
  } finally {
    server.child.kill("SIGTERM");
    await new Promise((resolve) => server.child.once("exit", resolve));
    workspace.removeDirectory(data);
  }
}

/** @param {string} file @param {object} orders */
function child(file, orders) {
  const path = fileURLToPath(new URL(`hostile/${file}`, import.meta.url));
  return workspace.watch(fork(path, [JSON.stringify(orders)]));
}

/** @param {import("node:child_process").ChildProcess} process */
function said(process) {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("a client's process ended"));
    process.once("exit", ended);
    process.once("message", (message) => {
      process.off("exit", ended);
      resolve(message);
    });
  });
}

/** @param {number} port */
async function checkBooks(port) {
  const response = await fetch(`http://127.0.0.1:${port}/api/sales/default/audit`);
  const audit = /** @type {Record<string, unknown>} */ (await response.json());
  if (audit.balanced !== true) throw new Error(`the books don't balance: ${JSON.stringify(audit)}`);
}

/** The most memory that a process has had, in MiB; null where the system doesn't tell. @param {number} pid */
function peakOf(pid) {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
  } catch {
    return null;
  }
}
