/** `bilheteria crowd`: plays the crowd, shows it, and says how it came out. Exit codes are those of its help. */
import { randomInt } from "node:crypto";
import { LIMITS } from "../limits.ts";
import { openView, type View } from "../crowd/live-view.ts";
import { Refused } from "../crowd/meeting.ts";
import { sumPlans, usersBy, type CrowdPlan } from "../crowd/plan.ts";
import { playCrowd } from "../crowd/play.ts";
import { resultTable } from "../crowd/result-table.ts";
import type { CrowdResult } from "../crowd/result.ts";
import type { Verdict } from "../crowd/verdict.ts";
import { number } from "../crowd/words.ts";
import { crowdHelpText, CrowdUsageError } from "./crowd-flags.ts";
import { readCrowdSettings, type CrowdSettings } from "./crowd-settings.ts";
import { descriptorLimit } from "../descriptors.ts";

const EXIT_CODES: Readonly<Record<Verdict, number>> = { passed: 0, failed: 1, interrupted: 130 };
const BAD_USAGE = 2;
const REFUSED = 3;

/** @param args the words after `crowd`. @returns the exit code. */
export async function runCrowdCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${crowdHelpText()}\n`);
    return 0;
  }
  try {
    const settings = readCrowdSettings(args, () => randomInt(LIMITS.crowd.seed));
    const result = await play(settings);
    process.stdout.write(settings.json ? `${JSON.stringify(result, null, 2)}\n` : `${resultTable(result)}\n`);
    return EXIT_CODES[result.verdict];
  } catch (cause) {
    if (!(cause instanceof CrowdUsageError) && !(cause instanceof Refused)) throw cause;
    process.stderr.write(`bilheteria: ${cause.message}\n`);
    return cause instanceof Refused ? REFUSED : BAD_USAGE;
  }
}

/** @throws {Refused} if it can't begin. */
async function play({ plan, addresses, noticeWithinMs }: CrowdSettings): Promise<CrowdResult> {
  const { crowd, connections } = LIMITS;
  const descriptors = descriptorLimit(connections.fallbackTotal) - crowd.reservedDescriptors;
  const usersPerProcess = Math.max(1, Math.min(crowd.usersPerProcess, descriptors));
  const interruption = listenForInterruption();
  let view: View | null = null;
  try {
    return await playCrowd({
      plan,
      addresses,
      noticeWithinMs,
      limits: { ...crowd, usersPerProcess },
      signal: interruption.signal,
      started: ({ available }) => {
        process.stderr.write(`${announcement(plan, available)}\n`);
        view = openView(process.stderr, { users: plan.users, rounds: sumPlans(plan).rounds, available });
      },
      watch: (progress) => view?.show(progress),
    });
  } finally {
    interruption.stop();
    (view as View | null)?.close();
  }
}

function announcement(plan: CrowdPlan, available: number): string {
  const { ws, tcp } = usersBy(plan);
  return (
    `Multidão de ${number(plan.users)} usuários (${number(ws)} ws, ${number(tcp)} tcp), ` +
    `${number(available)} ingressos, semente ${plan.seed}${plan.unruly === 0 ? "" : ", com caos"}`
  );
}

/** The first Ctrl+C asks for the partial report, the second one ends the process. */
function listenForInterruption(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}
