/** The thread that folds: gives way to the sale, does the one job that it was started with, answers with the result, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { foldAudit, foldSnapshot } from "./fold.ts";
import type { FoldJob, RecountJob } from "./fold-job.ts";
import { nodeDisk } from "./node-disk.ts";
import { GIVING_WAY, giveWay } from "./thread-priority.ts";

const job = workerData as FoldJob | RecountJob;

giveWay(GIVING_WAY[job.kind]);

const result = job.kind === "snapshot" ? await foldSnapshot(nodeDisk, job) : await foldAudit(nodeDisk, job);

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(result);
