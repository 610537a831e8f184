/**
 * Loaded before the server (`node --import`): breaks one thing inside of the process when SIGUSR2 comes, the one that
 * SABOTAGE names. Everything else is the server as it is. On standard error it says how many purchases had been given to the journal
 * by then: no purchase after those may ever be answered.
 */
import { writeSync } from "node:fs";
import { BatchDecider } from "../../src/engine/batch.ts";
import { GivenTickets } from "../../src/gateway/session/given-tickets.ts";
import { FileJournal } from "../../src/journal/file-journal.ts";

type Events = Parameters<FileJournal["append"]>[0];

let given = 0;
// eslint-disable-next-line typescript/unbound-method -- called with `this` below
const append = FileJournal.prototype.append;
FileJournal.prototype.append = function (this: FileJournal, events: Events) {
  given += events.filter(({ type }) => type === "purchased").length;
  return append.call(this, events);
};

function bang(): never {
  throw new Error("sabotaged");
}

function tell(): void {
  writeSync(2, `sabotage: ${given} purchases were given to the journal\n`);
}

const ACTS: Readonly<Record<string, () => void>> = {
  exception: () => {
    tell();
    bang();
  },
  rejection: () => {
    tell();
    void Promise.reject(new Error("sabotaged"));
  },
  engine: () => {
    BatchDecider.prototype.decide = () => {
      tell();
      return bang();
    };
  },
  journal: () => {
    FileJournal.prototype.append = () => {
      tell();
      return Promise.reject(new Error("sabotaged"));
    };
  },
  fence: () => {
    FileJournal.prototype.append = () => {
      tell();
      return Promise.resolve({ kind: "fenced", message: "another process writes this journal" });
    };
  },
  session: () => {
    // eslint-disable-next-line typescript/unbound-method -- put back as it was
    const add = GivenTickets.prototype.add;
    GivenTickets.prototype.add = () => {
      GivenTickets.prototype.add = add;
      return bang();
    };
  },
};

const act = ACTS[process.env["SABOTAGE"] ?? ""];
if (act === undefined) throw new Error(`SABOTAGE=${process.env["SABOTAGE"]}: there is no such sabotage`);
process.on("SIGUSR2", act);
