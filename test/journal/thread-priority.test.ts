import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createBoxOffice } from "../../src/box-office/box-office.ts";
import { threadFolds, type Running } from "../../src/journal/fold-runner.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { giveWay } from "../../src/journal/thread-priority.ts";
import { systemClock, systemScheduler } from "../../src/engine/system.ts";
import { history, SALE, SMALL } from "./events.ts";

describe("journal: a thread's priority", () => {
  /** What is set where the process has this priority. */
  function setFrom(mine: number, platform: NodeJS.Platform = "linux"): number[] {
    const set: number[] = [];
    giveWay(7, platform, {
      get: () => mine,
      set: (priority) => set.push(priority),
    });
    return set;
  }

  it("is lowered where it is the thread's own, and nowhere else", () => {
    expect(setFrom(0)).to.deep.equal([7]);
    expect(setFrom(-5)).to.deep.equal([7]);
    for (const platform of ["darwin", "win32"] as const) expect(setFrom(0, platform)).to.deep.equal([]);
  });

  it("is never raised, also where that would be allowed", () => {
    for (const mine of [7, 8, 19]) expect(setFrom(mine)).to.deep.equal([]);
  });

  it("stays as it is where nobody may ask for it or change it", () => {
    const refuse = (): never => {
      throw new Error("not permitted");
    };
    giveWay(7, "linux", { get: () => 0, set: refuse });
    giveWay(7, "linux", { get: refuse, set: refuse });
  });

  describe("on Linux", () => {
    let directory: string;
    let events = 0;

    before(async function () {
      if (process.platform !== "linux") this.skip();
      directory = mkdtempSync(join(tmpdir(), "bilheteria-priority-"));
      const { journal } = await openFileJournal({
        directory,
        disk: nodeDisk,
        limits: SMALL,
        clock: systemClock,
        scheduler: systemScheduler,
        state: createBoxOffice(),
        lock: { release: () => Promise.resolve() },
        fold: null,
      });
      for (const event of history(40)) {
        await journal.append([event]);
        events += 1;
      }
      await journal.close();
    });

    after(() => {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    });

    it("a recount gives way to the sale, and is right", async () => {
      const mine = getPriority();
      const job = { kind: "recount", directory, sale: SALE, upTo: events } as const;
      const running = threadFolds.recount({ ...job, maxFrameBytes: SMALL.maxFrameBytes });
      const [audit, lowest] = await Promise.all([running.result, lowestWhile(running)]);
      expect(audit).to.include({ balanced: true, sold: 39, offset: 40 });
      expect(lowest).to.equal(Math.max(10, mine));
      expect(getPriority()).to.equal(mine);
    });

    it("a snapshot gives way to everything", async () => {
      const job = { kind: "snapshot", directory, upTo: 1_000, maxFrameBytes: SMALL.maxFrameBytes } as const;
      const running = threadFolds.snapshot(job);
      const [outcome, lowest] = await Promise.all([running.result.catch(String), lowestWhile(running)]);
      expect(outcome, "no segment begins there").to.be.a("string");
      expect(lowest).to.equal(19);
    });
  });
});

/** The lowest priority that any thread of this process has while something runs. */
async function lowestWhile(running: Running<unknown>): Promise<number> {
  const over = running.result.then(
    () => true,
    () => true,
  );
  let lowest = 0;
  do {
    for (const thread of readdirSync("/proc/self/task")) lowest = Math.max(lowest, niceOf(thread));
  } while (!(await Promise.race([over, turn()])));
  return lowest;
}

/** Lets the event loop go round once. */
function turn(): Promise<false> {
  return new Promise((resolve) => setImmediate(() => resolve(false)));
}

/** @see proc_pid_stat(5): its 19th field; the name before it may hold spaces. */
function niceOf(thread: string): number {
  try {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  } catch {
    return 0;
  }
}
