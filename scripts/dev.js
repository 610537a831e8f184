/**
 * Builds again whenever a source file is saved, and starts the server again when that worked:
 * `npm run dev -- [flags of serve]`. npm has built everything once before this runs.
 *
 * TypeScript 7.0's own `--watch` notices no change on some systems, and a whole build takes about a second, so the
 * folders are watched here. Each child gets a process group of its own: npm and TypeScript's launcher hand no signal
 * on, and Ctrl+C must reach the server once, since a second signal tells it to stop without finishing its queue.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { fileURLToPath } from "node:url";

/** A save may touch several files; the build waits for the last of them. */
const SETTLE_MS = 200;
const isWindows = process.platform === "win32";
const root = fileURLToPath(new URL("..", import.meta.url));

/** The ones that run: the server, and a build while there is one. */
const children = new Set();
let server = serve();
let stopping = false;
/** One build at a time, the next one after it. */
let turn = Promise.resolve();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;

const watchers = ["src", "web"].map((folder) => watch(root + folder, { recursive: true }, buildSoon));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);

function serve() {
  return run(process.execPath, ["dist/src/main.js", "serve", ...process.argv.slice(2)]);
}

function buildSoon() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    turn = turn.then(buildAndServe);
  }, SETTLE_MS);
}

/** What doesn't compile leaves the old server running. */
async function buildAndServe() {
  if (stopping) return;
  const [code] = await once(run("npm", ["run", "--silent", "build"]), "exit");
  if (code !== 0 || stopping) return;
  await end(server);
  if (!stopping) server = serve();
}

async function stop() {
  stopping = true;
  for (const watcher of watchers) watcher.close();
  clearTimeout(settling);
  await Promise.all([...children].map(end));
}

/** @param {string} program @param {string[]} words */
function run(program, words) {
  const child = spawn(program, words, {
    cwd: root,
    stdio: "inherit",
    detached: !isWindows,
    shell: isWindows && program === "npm",
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** @param {ReturnType<typeof run>} child */
async function end(child) {
  if (!children.delete(child) || child.pid === undefined) return;
  const exited = once(child, "exit");
  if (isWindows) child.kill();
  else process.kill(-child.pid, "SIGTERM");
  await exited;
}
