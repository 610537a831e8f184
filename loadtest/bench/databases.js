/** Redis and PostgreSQL as Debian ships them, each started for one trial on private sockets in the trial's directory. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** @typedef {import("./trial.js").Subject} Subject */

const FRONT = fileURLToPath(new URL("peers/database-front.js", import.meta.url));
const DEBIAN_POSTGRES = "/usr/lib/postgresql";
const START_MS = 20_000;

/** @type {Subject} */
export const redis = {
  name: "redis",
  reply: "Compra realizada. Estoque restante: ",
  pushes: ["ESTOQUE: "],
  async start(start, directory, watch) {
    const socket = join(directory, "redis.sock");
    const words = ["--port", "0", "--unixsocket", socket, "--dir", directory, "--save", ""];
    const durably = ["--appendonly", "yes", "--appendfsync", "always"];
    const database = watch(spawn("redis-server", [...words, ...durably], { stdio: "ignore" }));
    await accepts(socket, database);
    return startFront(start, ["redis", socket]);
  },
  check,
};

/** @type {Subject} */
export const postgres = {
  name: "postgres",
  reply: "Compra realizada. Estoque restante: ",
  pushes: ["ESTOQUE: "],
  async start(start, directory, watch) {
    // PostgreSQL refuses to run as root, so there it runs as the user that its package made.
    const { who, uid, gid } = serverUser();
    const data = uid === null ? join(directory, "pg") : reachable(directory);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    if (uid !== null && gid !== null) chownSync(data, uid, gid);
    const run = join(data, "run");
    execute(who, [program("initdb"), "-D", join(data, "db"), "-A", "trust", "-U", "bench", "-E", "UTF8"]);
    execute(who, ["mkdir", run]);
    writeFileSync(
      join(data, "db", "postgresql.conf"),
      `listen_addresses = ''\nunix_socket_directories = '${run}'\nmax_connections = 40\n`,
      { flag: "a" },
    );
    const [command = "", ...args] = [...who, program("postgres"), "-D", join(data, "db")];
    const database = watch(spawn(command, args, { stdio: "ignore" }));
    database.once("exit", () => rmSync(data, { recursive: true, force: true }));
    await accepts(join(run, ".s.PGSQL.5432"), database);
    return startFront(start, ["postgres", run]);
  },
  check,
};

export function versions() {
  return {
    redis: /v=(\S+)/.exec(said("redis-server", ["--version"]))?.[1] ?? null,
    postgres: /(\d[\d.]*)/.exec(said(program("postgres"), ["--version"]))?.[1] ?? null,
  };
}

/** @returns {string | null} what is missing */
export function missing() {
  const { redis, postgres } = versions();
  const absent = [redis === null ? "redis-server" : "", postgres === null ? "postgresql" : ""].filter(
    Boolean,
  );
  return absent.length === 0 ? null : `${absent.join(" and ")}: bash loadtest/bench/install-peers.sh`;
}

/** @param {Parameters<Subject["start"]>[0]} start @param {readonly string[]} words */
async function startFront(start, words) {
  const child = start([FRONT, ...words], "pipe");
  const line = await new Promise((resolve, reject) => {
    child.stdout?.once("data", (data) => resolve(String(data)));
    child.once("exit", (code) => reject(new Error(`the front ended with code ${code}`)));
  });
  return { process: child, port: Number(line) };
}

/** @type {Subject["check"]} */
async function check({ port }, { repliesInAll }) {
  const response = await fetch(`http://127.0.0.1:${port}/audit`, { headers: { connection: "close" } });
  const { sold, tickets } = /** @type {{ sold: number, tickets: number }} */ (await response.json());
  if (sold !== repliesInAll || tickets !== repliesInAll) {
    throw new Error(`${repliesInAll} purchases were answered, and the database has ${sold} and ${tickets}`);
  }
  return { batchCommands: null, syncMs: null, logLinesDropped: null };
}

/** @param {string} socket @param {import("node:child_process").ChildProcess} database */
async function accepts(socket, database) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await wait(20)) {
    if (database.exitCode !== null) throw new Error(`the database ended with code ${database.exitCode}`);
    const open = await new Promise((resolve) => {
      const trial = connect(socket, () => resolve(true)).once("error", () => resolve(false));
      trial.once("connect", () => trial.destroy());
    });
    if (open) return;
  }
  throw new Error("the database doesn't accept connections");
}

function serverUser() {
  if (process.getuid?.() !== 0) return { who: [], uid: null, gid: null };
  const [, , uid, gid] = said("getent", ["passwd", "postgres"]).split(":");
  return {
    who: ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"],
    uid: Number(uid),
    gid: Number(gid),
  };
}

/**
 * A folder that another user can come to, on the same disk where that can be. It is removed with the trial's.
 *
 * @param {string} directory of the trial
 */
function reachable(directory) {
  for (const made of [dirname(directory), directory]) chmodSync(made, 0o711);
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return mkdtempSync("/var/tmp/bilheteria-bench-");
  }
  return join(directory, "pg");
}

/** Debian keeps the server's programs out of the PATH, in a folder for each version. @param {string} name */
function program(name) {
  const versions = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
  const found = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_POSTGRES, version, "bin", name))
    .find((path) => existsSync(path));
  return found ?? name;
}

/** @param {readonly string[]} who @param {readonly string[]} words */
function execute(who, words) {
  const [command = "", ...args] = [...who, ...words];
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** @param {string} command @param {readonly string[]} args */
function said(command, args) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}
