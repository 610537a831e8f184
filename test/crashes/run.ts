/**
 * `npm run crashes -- [--rounds 40] [--seed 1] [--json]`: real servers, real sockets, SIGKILL, over and over. Exit
 * code 0 if nothing was lost, sold twice or told wrongly; 1 with what was found otherwise.
 */
import { cleanUp } from "../support/cleanup.ts";
import { readFlags, wholeNumber } from "../support/flags.ts";
import { newFigures, runCampaign, type Figures } from "./campaign.ts";

const values = readFlags({
  rounds: { type: "string", default: "40" },
  seed: { type: "string" },
  json: { type: "boolean", default: false },
});

await main(
  wholeNumber("rounds", values.rounds),
  wholeNumber("seed", values.seed ?? String(Date.now() % 1e6)),
);

async function main(rounds: number, seed: number): Promise<void> {
  const started = performance.now();
  let figures = newFigures();
  const onRound = (round: number, now: Readonly<Figures>): void => {
    figures = { ...now };
    if (!values.json && (round % 10 === 0 || round === rounds)) console.log(lineOf(now));
  };
  if (!values.json) console.log(`${rounds} rounds, seed ${seed}`);
  try {
    figures = await runCampaign({ rounds, seed, onRound });
  } catch (cause) {
    figures.findings.push(
      `a round ended badly: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
    );
  }
  await cleanUp();
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (values.json) console.log(JSON.stringify({ seed, seconds, ...figures }));
  else report(figures, seed, seconds);
  process.exit(figures.findings.length === 0 ? 0 : 1);
}

function lineOf({ rounds, answers, retries, lost, duplicated }: Readonly<Figures>): string {
  return `round ${rounds}: ${answers} answers recorded, ${retries} retries, ${lost} lost, ${duplicated} duplicated`;
}

function report(figures: Figures, seed: number, seconds: number): void {
  const { findings, kept, ...numbers } = figures;
  for (const [name, value] of Object.entries(numbers)) console.log(`${name.padEnd(18)} ${value}`);
  for (const path of kept) console.error(`kept for inspection: ${path}`);
  for (const finding of findings.slice(0, 20)) console.error(finding);
  const verdict = findings.length === 0 ? "nothing lost, nothing sold twice" : `${findings.length} FINDINGS`;
  console.log(`${verdict}, in ${seconds} s (seed ${seed})`);
}
