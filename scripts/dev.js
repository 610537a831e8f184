/**
 * Builds again whenever a source file is saved, and starts the server again when that worked:
 * `npm run dev -- [flags of serve]`. npm has built everything once before this runs.
 *
 * TypeScript 7.0's own `--watch` notices no change on some systems, and a whole build takes about a second, so the
 * files are looked at here. Looked at, not watched: whoever saves by renaming (git, sed -i, many editors) leaves a
 * watch on a file that is no more, and reading a hundred times of change twice a second costs next to nothing.
 *
 * Each child gets a process group of its own: npm and TypeScript's launcher hand no signal on, and Ctrl+C must reach
 * the server once, since a second signal tells it to stop without finishing its queue.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A save may touch several files; the build waits until nothing has changed between two looks. */
const LOOK_MS = 400;
const isWindows = process.platform === "win32";
const root = fileURLToPath(new URL("..", import.meta.url));

/** The ones that run: the server, and a build while there is one. */
const children = new Set();
let server = serve();
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => void stop());

let built = await look();
let seen = built;
while (!stopping.signal.aborted) {
  await sleep(LOOK_MS);
  const now = await look();
  const settled = now === seen;
  seen = now;
  if (!settled || now === built) continue;
  built = now;
  await buildAndServe();
}

function serve() {
  return run(process.execPath, ["dist/src/main.js", "serve", ...process.argv.slice(2)]);
}

/** What every source file looks like, as one text; another text means that something was saved. */
async function look() {
  const folders = await Promise.all(["src", "web"].map((name) => lookInto(join(root, name))));
  return folders.flat().toSorted().join("\n");
}

/** @param {string} folder @returns {Promise<string[]>} */
async function lookInto(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return lookInto(path);
      // Gone since it was listed: the next look tells.
      const file = await stat(path).catch(() => null);
      return file === null ? [] : [`${path} ${file.ino} ${file.size} ${file.mtimeMs}`];
    }),
  );
  return lines.flat();
}

/** What doesn't compile leaves the old server running. */
async function buildAndServe() {
  if (stopping.signal.aborted) return;
  const [code] = await once(run("npm", ["run", "--silent", "build"]), "exit");
  if (code !== 0 || stopping.signal.aborted) return;
  await end(server);
  if (!stopping.signal.aborted) server = serve();
}

async function stop() {
  stopping.abort();
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
