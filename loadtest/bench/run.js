/**
 * The benchmarks: `run.js` measures purchases beside an echo, `run.js <case>...` or `run.js all` ours beside its peers.
 * README.md says what is measured and how to read it.
 *
 * The exit code is 1 when a run is void (a reply that shouldn't be, a watcher that missed something, books that don't
 * balance), 2 when it can't begin, and 0 otherwise: a bar that is missed is said in words, because how fast a machine is
 * isn't a question of right and wrong.
 */
import { existsSync } from "node:fs";
import { PROFILES } from "./profiles.js";
import { runPurchases } from "./purchase-run.js";
import { readSettings } from "./settings.js";
import { describeSuite } from "./suite-report.js";
import { VoidRun } from "./trial.js";
import { Workspace } from "./workspace.js";

const PEERS = new URL("node_modules/", import.meta.url);

await main();

async function main() {
  const settings = settingsOrWhyNot();
  if (typeof settings === "string") {
    process.stderr.write(`${settings}\n`);
    process.exitCode = 2;
    return;
  }
  const workspace = new Workspace(settings.directory);
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(signal, () => {
      workspace.clear();
      process.exit(130);
    });
  }
  try {
    process.stdout.write(
      settings.names.length === 0
        ? await runPurchases(settings, workspace)
        : await runCases(settings, workspace),
    );
  } catch (cause) {
    if (!(cause instanceof VoidRun)) throw cause;
    process.stderr.write(`VOID: ${cause.message}\n`);
    process.exitCode = 1;
  } finally {
    workspace.clear();
  }
}

function settingsOrWhyNot() {
  try {
    const settings = readSettings(process.env, process.argv.slice(2));
    const lacksPeers = settings.names.length > 0 && !existsSync(PEERS);
    return lacksPeers ? "the peers aren't installed: bash loadtest/bench/install-peers.sh" : settings;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** @param {import("./settings.js").Settings} settings @param {Workspace} workspace */
async function runCases({ names, profile, suiteRounds, pinSuite, json, docs }, workspace) {
  const { runSuite } = await import("./suite.js");
  const plan = { ...PROFILES[profile], rounds: suiteRounds ?? PROFILES[profile].rounds };
  const result = await runSuite(names, { profile, pin: pinSuite, plan, say }, workspace);
  if (Object.values(result.cases).some(({ fault }) => fault !== null)) process.exitCode = 1;
  if (docs) (await import("./docs/write.js")).writeDocs(result, say);
  return json ? `${JSON.stringify(result, null, 2)}\n` : describeSuite(result);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
