/**
 * `bilheteria lab`: runs the race experiments and says how they came out. Exit codes are those of its help: a run in
 * which an unprotected strategy happened to come out right is no failure, and the report says that it was luck.
 */
import { writeFileSync } from "node:fs";
import { LIMITS } from "../limits.ts";
import { runExperiment } from "../lab/experiment.ts";
import { drawSummary } from "../lab/picture.ts";
import { brokenClaims, summarize, type Summary } from "../lab/summary.ts";
import { describeSetting, describeSummary } from "../lab/table.ts";
import { labHelpText, LabUsageError, readLabSettings, type LabSettings } from "./lab-settings.ts";

const INTERRUPTED = 130;

/** @param args the words after `lab`. @returns the exit code. */
export async function runLab(args: readonly string[]): Promise<number> {
  process.stdout.on("error", leaveUnheard);
  if (args.includes("--help")) {
    process.stdout.write(`${labHelpText()}\n`);
    return 0;
  }
  try {
    const settings = readLabSettings(args);
    const summary = await measure(settings);
    report(summary, settings);
    if (summary.interrupted) return INTERRUPTED;
    return brokenClaims(summary).length === 0 ? 0 : 1;
  } catch (cause) {
    process.stderr.write(`bilheteria: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return cause instanceof LabUsageError ? 2 : 1;
  }
}

/** The first Ctrl+C ends the experiment after the race under way, the second one ends the process. */
async function measure(settings: LabSettings): Promise<Summary> {
  let isStopped = false;
  const stop = (): void => {
    if (isStopped) process.exit(INTERRUPTED);
    isStopped = true;
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const progress = progressLine(settings.repetitions);
  try {
    const limits = { threads: LIMITS.lab.threads, engine: LIMITS.engine };
    const watching = {
      started: (threads: number | null) => {
        if (!settings.json) process.stdout.write(`${describeSetting(settings, threads)}\n\n`);
      },
      isStopped: () => isStopped,
      progress: progress.show,
    };
    return summarize(await runExperiment(settings, limits, watching));
  } finally {
    progress.clear();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

function report(summary: Summary, { json, svg }: LabSettings): void {
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${describeSummary(summary)}\n`);
  if (svg === null) return;
  try {
    writeFileSync(svg, drawSummary(summary));
  } catch (cause) {
    throw new Error(`a figura não pôde ser gravada em ${svg} (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    });
  }
}

/** Whoever read has gone, as `head` does: there is nobody to complain to. */
function leaveUnheard(fault: NodeJS.ErrnoException): void {
  if (fault.code === "EPIPE") process.exit(1);
  throw fault;
}

/** One line that is written over, for eyes only. */
function progressLine(repetitions: number): { show: (done: number) => void; clear: () => void } {
  const isSeen = process.stderr.isTTY;
  return {
    show: (done) => {
      if (isSeen) process.stderr.write(`\r  repetição ${done} de ${repetitions}`);
    },
    clear: () => {
      if (isSeen) process.stderr.write("\r\u001b[K");
    },
  };
}
