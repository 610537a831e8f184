/** Where the long reading is done: in a thread of its own in production, in place where a test wants to watch. */
import { Worker } from "node:worker_threads";
import type { Audit } from "../box-office/sale.ts";
import type { Disk } from "./disk.ts";
import type { Folded, FoldJob, RecountJob } from "./fold-job.ts";
import { foldAudit, foldSnapshot } from "./fold.ts";

export interface Running<T> {
  readonly result: Promise<T>;
  /** Gives it up; the result rejects if it hadn't settled. */
  cancel(): Promise<void>;
}

export interface FoldRunner {
  snapshot(job: FoldJob): Running<Folded>;
  recount(job: RecountJob): Running<Audit>;
}

/** Constant memory is the promise of a fold; this holds it to that. In mebibytes. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

export const threadFolds: FoldRunner = {
  snapshot: (job) => runInThread<Folded>(job),
  recount: (job) => runInThread<Audit>(job),
};

/** Runs on the caller's thread and disk; can't be given up. */
export function foldsInPlace(disk: Disk): FoldRunner {
  return {
    snapshot: (job) => inPlace(foldSnapshot(disk, job)),
    recount: (job) => inPlace(foldAudit(disk, job)),
  };
}

function inPlace<T>(result: Promise<T>): Running<T> {
  const settled = result.then(
    () => undefined,
    () => undefined,
  );
  return { result, cancel: () => settled };
}

function runInThread<T>(job: FoldJob | RecountJob): Running<T> {
  const worker = new Worker(new URL("./fold-worker.js", import.meta.url), {
    workerData: job,
    resourceLimits: WORKER_LIMITS,
  });
  const result = new Promise<T>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the thread ended before its work was done")));
  });
  return {
    result,
    cancel: async () => {
      await worker.terminate();
    },
  };
}
