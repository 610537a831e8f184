/** How long a start takes, by what the journal holds: what a crash in the middle of a sale costs everybody. */
import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startOurs } from "../subjects.js";
import { reportOf, stopped } from "../trial.js";
import { PLENTY } from "./context.js";

/** @typedef {{ contestant: string, round: number, step: number, purchases: number, bytes: number, startMs: number }} Trial */

const CLIENT = fileURLToPath(new URL("../client.js", import.meta.url));
const CONNECTIONS = 64;
/** Little enough that a slow disk makes the room ahead in time: otherwise buyers are told `busy`. */
const IN_FLIGHT = 4;
const PATIENCE_MS = 30_000;

/** How long the buyers go on at a time, and what they are taken to buy in it. */
const SHORTEST_MS = 20;
const LONGEST_MS = 5_000;
const GUESSED_PER_MS = 60;

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export async function run({ profile, workspace, say }) {
  const { purchases: lengths, repeats } = profile.journal;
  const directory = workspace.makeDirectory();
  const trials = [];
  let sold = 0;
  for (const length of lengths) {
    sold += await buy(workspace, directory, length - sold);
    for (let round = 0; round < repeats; round++) {
      const started = performance.now();
      const { child, port } = await start(workspace, directory);
      const startMs = performance.now() - started;
      const kept = await soldSays(port, child);
      if (kept !== sold) throw new Error(`${sold} were sold, and after a start the audit says ${kept}`);
      trials.push({
        contestant: "ours",
        round,
        step: length,
        purchases: sold,
        bytes: journalBytes(directory),
        startMs,
      });
    }
    say(`${sold} purchases, start in ${Math.round(trials.at(-1)?.startMs ?? 0)} ms`);
  }
  return trials;
}

/** The question has no bar of its own. @returns {import("../bars.js").Bar[]} */
export function judge() {
  return [];
}

/** @param {import("../workspace.js").Workspace} workspace @param {string} directory */
function start(workspace, directory) {
  return startOurs({ stock: PLENTY, words: [], flags: ["--no-command-log"], workspace, directory });
}

/**
 * Until so many have been sold, or a few more.
 *
 * @param {import("../workspace.js").Workspace} workspace @param {string} directory @param {number} count
 */
async function buy(workspace, directory, count) {
  const { child, port } = await start(workspace, directory);
  try {
    let sold = 0;
    while (sold < count) sold += await buySome(workspace, { port, serverPid: child.pid }, count - sold);
    return sold;
  } finally {
    await stopped(child);
  }
}

/**
 * @param {import("../workspace.js").Workspace} workspace @param {{ port: number, serverPid: number | undefined }} server
 * @param {number} count about so many
 */
async function buySome(workspace, server, count) {
  const orders = {
    ...server,
    connections: CONNECTIONS,
    inFlight: IN_FLIGHT,
    warmUpMs: 1,
    measureMs: Math.min(LONGEST_MS, Math.max(SHORTEST_MS, count / GUESSED_PER_MS)),
    request: "COMPRAR",
    reply: "Compra realizada. Estoque restante: ",
    pushes: ["ESTOQUE: "],
  };
  const client = spawn(process.execPath, [CLIENT, JSON.stringify(orders)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return (await reportOf(workspace.watch(client), PATIENCE_MS)).repliesInAll;
}

/** What its audit says, the last thing that the server does. @param {number} port @param {import("node:child_process").ChildProcess} child */
async function soldSays(port, child) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/sales/default/audit`, {
      headers: { connection: "close" },
    });
    return /** @type {{ sold: number }} */ (await response.json()).sold;
  } finally {
    await stopped(child);
  }
}

/** What its segments take on the disk, with the room made ahead. @param {string} directory */
function journalBytes(directory) {
  const folder = join(directory, "data", "journal");
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);
}
