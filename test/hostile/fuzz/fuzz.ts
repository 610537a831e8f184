/**
 * The fuzzer's command line:
 *
 *     npm run fuzz -- [--seed <n>] [--seconds <n>] [--inputs <n>] [--from <n>]
 *
 * Without a seed it takes a new one. Exit code 1 when something was wrong; what it prints then shows it again.
 */
import { readFlags, wholeNumber } from "../../support/flags.ts";
import { runCampaign } from "./campaign.ts";

const values = readFlags({
  seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  seconds: { type: "string", default: "60" },
  inputs: { type: "string", default: "1000000000" },
  from: { type: "string", default: "0" },
});
const seed = wholeNumber("seed", values.seed);
const seconds = wholeNumber("seconds", values.seconds);
const inputs = wholeNumber("inputs", values.inputs);
const from = wholeNumber("from", values.from);

const { failure, inputs: done, bytes, memoryMb } = await runCampaign({ seed, seconds, inputs, from });
const memory = memoryMb.map((mb) => mb?.toFixed(0) ?? "?").join(" → ");
console.log(`seed ${seed}: ${done} inputs, ${(bytes / 2 ** 20).toFixed(1)} MiB; server ${memory} MiB`);
if (failure !== null) {
  console.log(`FAILED: ${failure}`);
  process.exitCode = 1;
}
