/** The server as a user starts it, with its rate limit and raw TCP. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NODE_FLAGS } from "../node-flags.js";

const MAIN = fileURLToPath(new URL("../../../dist/src/main.js", import.meta.url));
const START_MS = 20_000;
/** More tickets than any run can sell. */
const STOCK = "100000000";
const TOKEN = "the-organiser-of-the-bench";

/**
 * @param {import("../workspace.js").Workspace} workspace
 * @param {string} directory
 * @param {readonly string[]} nodeFlags
 */
export async function startServer(workspace, directory, nodeFlags) {
  const log = join(directory, "server.log");
  const descriptor = openSync(log, "w");
  const flags = ["--port", "0", "--tcp-port", "0", "--stock", STOCK, "--admin-token", TOKEN];
  const words = [...NODE_FLAGS, ...nodeFlags, MAIN, "serve", ...flags, "--data", join(directory, "data")];
  const child = workspace.watch(spawn(process.execPath, words, { stdio: ["ignore", descriptor, "inherit"] }));
  closeSync(descriptor);
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await wait(20)) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}`);
    const line = readFileSync(log, "utf8")
      .split("\n")
      .find((candidate) => candidate.includes('"msg":"listening"'));
    if (line === undefined) continue;
    const { http, tcp } = JSON.parse(line);
    return { child, port: portOf(http), tcpPort: portOf(tcp) };
  }
  throw new Error("the server didn't say that it listens");
}

/** @param {string} address */
function portOf(address) {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
