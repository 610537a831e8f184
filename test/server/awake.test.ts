/** Which servers stay awake while they make a batch durable: those whose journal is a wakeful one. */
import { availableParallelism } from "node:os";
import { expect } from "chai";
import { WakefulJournal } from "../../src/journal/wakeful-journal.ts";
import { cleanup } from "../support/cleanup.ts";
import { buy } from "../support/http-client.ts";
import { startTestServer } from "../support/start-server.ts";

// eslint-disable-next-line typescript/unbound-method -- called with `this` below
const append = WakefulJournal.prototype.append;

describe("a server that makes a purchase durable", function () {
  this.timeout(20_000);

  for (const [title, workers, mayWake] of [
    ["may stay awake for it where it has a second processor", "0", true],
    ["leaves the other processors to its gateway processes", "1", false],
  ] as const) {
    it(title, async () => {
      let appended = 0;
      WakefulJournal.prototype.append = function (this: WakefulJournal, events) {
        appended += 1;
        return append.call(this, events);
      };
      cleanup(() => {
        WakefulJournal.prototype.append = append;
      });
      const server = await startTestServer(["--workers", workers]);
      expect((await buy(server.httpPort, "key")).status).to.equal(201);
      expect(appended > 0).to.equal(mayWake && availableParallelism() > 1);
    });
  }
});
