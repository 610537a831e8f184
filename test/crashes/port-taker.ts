/**
 * Loaded before the server (`node --import`): takes TAKEN_PORT after the start has tried whether it is free and before
 * it listens there: with its first event, or with its first gateway process, as TAKEN_WITH says.
 */
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import { FileJournal } from "../../src/journal/file-journal.ts";

type Events = Parameters<FileJournal["append"]>[0];

const port = Number(process.env["TAKEN_PORT"]);
let isTaken = false;

async function take(): Promise<void> {
  if (isTaken) return;
  isTaken = true;
  await once(createServer().listen({ port, host: "127.0.0.1", exclusive: true }).unref(), "listening");
}

if (cluster.isPrimary && process.env["TAKEN_WITH"] === "event") {
  // eslint-disable-next-line typescript/unbound-method -- called with `this` below
  const append = FileJournal.prototype.append;
  FileJournal.prototype.append = async function (this: FileJournal, events: Events) {
    await take();
    return append.call(this, events);
  };
} else if (cluster.isPrimary) {
  const fork = cluster.fork.bind(cluster);
  cluster.fork = (env) => {
    void take();
    return fork(env);
  };
}
