/**
 * Stopping in good order, in bounded time: first nobody new, then the queue, then the goodbyes, then the disk. A sync
 * that hangs must not keep clients from hearing that the server goes away.
 */
import type { Crew } from "./cluster/crew.ts";
import type { Journal } from "./engine/ports.ts";
import { systemClock } from "./engine/system.ts";
import type { Limits } from "./limits.ts";
import type { Gateways } from "./gateways.ts";
import type { CommandLog } from "./observability/command-log.ts";
import type { SellingCounter } from "./selling.ts";

export interface StoppingParts {
  readonly engine: Pick<SellingCounter, "stop">;
  readonly gateways: Gateways;
  readonly journal: Journal;
  readonly commandLog: CommandLog | null;
  readonly limits: Limits["stop"];
}

/** @returns whether everything that was taken has been answered and everything is on the disk. */
export async function stopServer(parts: StoppingParts): Promise<boolean> {
  const { engine, gateways, journal, commandLog, limits } = parts;
  stopAccepting(gateways);
  const drained = await isDoneWithin(engine.stop(), limits.drainMs);
  await sayGoodbye(gateways);
  commandLog?.flush();
  // Beside the lingering: a slow disk and whoever reads need not wait for one another.
  const [closed] = await Promise.all([
    drained ? isDoneWithin(journal.close(), limits.closeMs) : false,
    lingerAndCut(gateways, limits.lingerMs),
  ]);
  return closed;
}

export interface StoppingCrewParts extends Pick<StoppingParts, "engine" | "journal"> {
  /** Null where none was started. */
  readonly crew: Pick<Crew, "close" | "goodbye" | "cut"> | null;
  readonly limits: Pick<Limits, "stop" | "workers">;
}

/** The same where the gateways are in other processes, in the same time. */
export async function stopWithCrew({ engine, journal, crew, limits }: StoppingCrewParts): Promise<boolean> {
  const { workers, stop } = limits;
  const handedOver = crew === null ? Promise.resolve(true) : isDoneWithin(crew.close(), workers.closeMs);
  const drained = await isDoneWithin(
    handedOver.then(() => engine.stop()),
    stop.drainMs,
  );
  // One turn of the loop, in which the last answers are sent.
  await new Promise(setImmediate);
  const gone =
    crew === null ? Promise.resolve(true) : isDoneWithin(crew.goodbye(), stop.lingerMs + workers.leaveMs);
  const closed = drained && (await isDoneWithin(journal.close(), stop.closeMs));
  if (!(await gone)) await crew?.cut();
  return closed;
}

export function stopAccepting({ http, tcp }: Gateways): void {
  http.stop();
  tcp?.stopAccepting();
}

/** After the last answer: tells every client that the server goes away. */
export async function sayGoodbye({ webSockets, tcp, hub }: Gateways): Promise<void> {
  // One turn of the loop, so that the last replies and pushes are written before the goodbyes.
  await new Promise(setImmediate);
  webSockets.stop();
  tcp?.stop();
  hub.stop();
}

/** Gives clients some time to read their last bytes; whoever isn't closed by then is cut. */
export async function lingerAndCut(gateways: Gateways, lingerMs: number): Promise<void> {
  const { admission, http, webSockets, tcp } = gateways;
  const deadline = systemClock.monotonic() + lingerMs;
  while (admission.open > 0 && systemClock.monotonic() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    http.closeIdle();
  }
  webSockets.cut();
  tcp?.cut();
  http.cut();
}

/** False if it took longer than `ms` milliseconds; it goes on all the same. */
export async function isDoneWithin(task: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([task.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
