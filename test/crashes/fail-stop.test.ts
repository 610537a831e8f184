/**
 * A fault of the program itself, in a real process that is broken while it sells. What concerns the queue or the
 * journal stops everything: it is said, the exit code is 1, and no purchase is answered that began afterwards.
 * What concerns one session ends that session.
 */
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ask } from "../support/http-client.ts";
import { within } from "../support/inbox.ts";
import { spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";
import { gather } from "./crowd.ts";
import { loadedFirst } from "./loaded-first.ts";
import { reckon } from "./reckoning.ts";
import { Recording } from "./recording.ts";

const FLAGS = ["--stock", "1000000", "--rate-limit", "0"];

function startSabotaged(data: string, what: string): Promise<ListeningProcess> {
  return spawnServer(["--data", data, ...FLAGS], { env: { ...loadedFirst("sabotage.js"), SABOTAGE: what } });
}

describe("a fault of the program while it sells", function () {
  this.timeout(60_000);

  for (const [what, sabotage, complaint] of [
    [
      "an exception that nobody caught",
      "exception",
      /stopped by a fault: sabotaged\. Nothing was answered that/,
    ],
    [
      "a rejection that nobody handled",
      "rejection",
      /stopped by a fault: sabotaged\. Nothing was answered that/,
    ],
    ["a fault in the queue", "engine", /stopped: sabotaged\. Nothing was answered that isn't on the disk/],
    ["a fault in the journal", "journal", /stopped.*sabotaged\. Nothing was answered that isn't on the disk/],
    ["a second writer of the journal", "fence", /stopped: another process writes this journal\. Nothing was/],
  ] as const) {
    it(`${what} is said, exits with 1, and nothing that came after it was answered`, async () => {
      const data = await temporaryDirectory();
      const server = await startSabotaged(data, sabotage);
      // The process waits a while for a console that isn't read: it has time to answer, if it were wrong.
      server.child.stdout?.pause();
      const recording = new Recording();
      const crowd = await gather(server, recording, sabotage, 1);
      await pause(700);
      server.kill("SIGUSR2");
      const exit = await within(server.exit, "the server gives up");
      expect(exit, "0 or a signal would tell nobody").to.equal(1);
      await crowd.over;
      expect(crowd.surprises).to.deep.equal([]);
      expect(server.errors()).to.match(complaint);
      const given = Number(/^sabotage: (\d+) purchases/m.exec(server.errors())?.[1]);
      expect(given).to.be.above(50);

      const again = await spawnServer(["--data", data, ...FLAGS]);
      const { findings, before } = await reckon(again, recording, { repeats: 20, random: Math.random });
      expect(findings).to.deep.equal([]);
      expect(before.purchases.length).to.be.within(1, given);
    });
  }

  it("a fault in one session closes it with 1011, is counted and logged, and disturbs nobody else", async () => {
    const server = await startSabotaged(await temporaryDirectory(), "session");
    const other = await TextClient.connect(server.tcpPort);
    const client = await WsClient.connect(server.httpPort);
    server.kill("SIGUSR2");
    await pause(200);
    client.say("COMPRAR 1 k");
    expect((await client.untilClosed()).code).to.equal(1011);
    expect(await other.ask("COMPRAR 1 k")).to.equal("Compra realizada. Estoque restante: 999999");
    const { text } = await ask(server.httpPort, "GET", "/metrics");
    expect(text).to.match(/^bilheteria_session_faults 1$/m);
    expect((await ask(server.httpPort, "GET", "/readyz")).status).to.equal(200);
    const line = await server.log.until((entry) => entry.includes("a session failed and was closed"));
    expect(line).to.include("sabotaged");
    server.kill("SIGTERM");
    expect(await within(server.exit, "the server stops")).to.equal(0);
  });
});
