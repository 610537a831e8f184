import { constants, getPriority, setPriority } from "node:os";

/**
 * How much a thread of long reading gives way to the sale, which needs the same processors. Nobody waits for a snapshot:
 * it takes what is left over. For a recount the organiser waits.
 */
export const GIVING_WAY = {
  snapshot: constants.priority.PRIORITY_LOW,
  recount: constants.priority.PRIORITY_BELOW_NORMAL,
};

/** Of the thread that asks, where threads have one of their own. */
interface Priority {
  get(): number;
  set(priority: number): void;
}

const OWN: Priority = { get: () => getPriority(), set: (priority) => setPriority(priority) };

/**
 * Lowers the priority of the thread that calls it, where threads have one of their own: on Linux. Elsewhere the same call
 * would lower the whole process's, so it isn't made. Who has less already keeps that: a server of root's that was started
 * with nice would have more. Where a sandbox forbids it, the work is done all the same.
 *
 * @param priority 1 to 19, the higher the less; see setpriority(2), "C library/kernel differences".
 */
export function giveWay(
  priority: number,
  platform: NodeJS.Platform = process.platform,
  mine: Priority = OWN,
): void {
  if (platform !== "linux") return;
  try {
    if (mine.get() < priority) mine.set(priority);
  } catch {
    // As important as the others, then.
  }
}
