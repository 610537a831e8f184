/**
 * `npm run simulate -- --seed 1 --seeds 2000`: turns one history after the other, says how they went, and shortens
 * the first that breaks a promise. Ends with 1 if one did, or if they didn't come by what so many must come by.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readFlags, wholeNumber } from "../support/flags.ts";
import { describeStep, planOf } from "./plan.ts";
import { shrink } from "./shrink.ts";
import { addFigures, addOutcome, missed, newFigures, type Figures } from "./tally.ts";
import { World } from "./world.ts";

const values = readFlags({
  seed: { type: "string", default: "1" },
  seeds: { type: "string", default: "200" },
  jobs: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  part: { type: "boolean", default: false },
  workers: { type: "boolean", default: false },
});

/** So many histories come by everything; fewer may miss a corner by chance. */
const ENOUGH = 2_000;

/** Histories that a process of its own is given at once. */
const PART = 250;

interface Part {
  readonly figures: Figures;
  readonly failed: readonly number[];
}

const first = wholeNumber("seed", values.seed);
const count = wholeNumber("seeds", values.seeds);
const jobs = Math.max(1, wholeNumber("jobs", values.jobs));

if (values.part) process.send?.(await turn(first, count));
else await main();

async function main(): Promise<void> {
  const started = performance.now();
  const total = newFigures();
  const failed: number[] = [];
  let next = first;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < first + count && failed.length === 0) {
      const from = next;
      const size = Math.min(PART, first + count - from);
      next += size;
      const part = jobs === 1 ? await turn(from, size) : await turnElsewhere(from, size);
      addFigures(total, part.figures);
      failed.push(...part.failed);
      done += size;
      progress(done, started);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const seconds = (performance.now() - started) / 1000;
  const unreached = total.histories >= ENOUGH ? missed(total) : [];
  if (values.json) console.log(JSON.stringify({ seed: first, seconds, ...total, failed, unreached }));
  else report(total, seconds, unreached);
  const [worst] = failed.toSorted((a, b) => a - b);
  if (worst !== undefined) await explain(worst);
  if (values.trace && worst === undefined && count === 1) await show(first);
  process.exitCode = failed.length > 0 || unreached.length > 0 ? 1 : 0;
}

/** Stops at the first that breaks a promise. */
async function turn(from: number, size: number): Promise<Part> {
  const figures = newFigures();
  const failed: number[] = [];
  for (let seed = from; seed < from + size && failed.length === 0; seed++) {
    const outcome = await new World(planOf(seed, values.workers)).run();
    addOutcome(figures, outcome);
    if (outcome.violation !== null) failed.push(seed);
  }
  return { figures, failed };
}

function turnElsewhere(from: number, size: number): Promise<Part> {
  const file = fileURLToPath(import.meta.url);
  const mode = values.workers ? ["--workers"] : [];
  const child = fork(file, ["--part", "--seed", String(from), "--seeds", String(size), ...mode]);
  return new Promise((resolve, reject) => {
    let part: Part | null = null;
    child.on("message", (message) => (part = message as Part));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (part !== null) resolve(part);
      else reject(new Error(`the process that turns seeds from ${from} on ended with ${String(code)}`));
    });
  });
}

async function explain(seed: number): Promise<void> {
  const plan = planOf(seed, values.workers);
  const { violation } = await new World(plan).run();
  if (violation === null) return;
  console.error(
    `\nseed ${seed} breaks promise ${violation.guarantee} (${violation.check}): ${violation.message}`,
  );
  const shrunk = await shrink(plan, violation.check);
  const { outcome, tries } = shrunk;
  const { buyers, steps } = shrunk.plan;
  console.error(`\nshortened in ${tries} histories to ${buyers.length} buyers and ${steps.length} steps:`);
  for (const buyer of buyers) console.error(`  ${JSON.stringify(buyer)}`);
  for (const step of steps) console.error(`  ${describeStep(step)}`);
  console.error(`\ntrace (sha256 ${outcome.hash}):`);
  for (const line of outcome.trace) console.error(`  ${line}`);
  console.error(`\nagain: npm run simulate -- --seed ${seed} --seeds 1${values.workers ? " --workers" : ""}`);
}

async function show(seed: number): Promise<void> {
  const { trace, hash } = await new World(planOf(seed, values.workers)).run();
  console.log([...trace, hash].join("\n"));
}

function progress(done: number, started: number): void {
  if (values.json) return;
  const seconds = (performance.now() - started) / 1000;
  console.error(`${done} of ${count} histories, ${seconds.toFixed(0)} s`);
}

function report(total: Figures, seconds: number, unreached: readonly string[]): void {
  const { counts, ...figures } = total;
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(34)} ${value}`);
  for (const [name, value] of Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${name.padEnd(32)} ${value}`);
  console.log(
    `${seconds.toFixed(1)} s, ${((seconds * 1000) / Math.max(1, total.histories)).toFixed(1)} ms a history`,
  );
  for (const name of unreached) console.log(`never reached: ${name}`);
}
