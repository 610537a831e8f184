/** What a stop still owes to everybody who watches: it is told before the goodbye, since there is no later. */
import { expect } from "chai";
import { buy } from "../support/http-client.ts";
import { startTestServer, type TestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient, type Json } from "../support/ws-client.ts";

const WATCHERS = 80;
const SOLD_OUT = "AVISO: O estoque acabou de esgotar!";

/** A slice of a round comes by sixteen members: a stop is quicker than a round. */
const SHORT_SLICES = { sliceMs: 0.001 };

/** One change may be told at once, the next ones not within a test. */
const SELDOM = { intervalMs: 600_000, longestIntervalMs: 600_000 };

async function watchers(server: TestServer, count = WATCHERS): Promise<WsClient[]> {
  const found = await Promise.all(Array.from({ length: count }, () => WsClient.connect(server.httpPort)));
  for (const watcher of found) await watcher.ask("CONSULTAR");
  return found;
}

async function sell(server: TestServer, key: string): Promise<void> {
  expect((await buy(server.httpPort, key)).status).to.equal(201);
}

/** @returns what each heard until it was closed. */
async function heardByAll(clients: readonly WsClient[]): Promise<(readonly string[])[]> {
  return Promise.all(
    clients.map(async (client) => {
      expect((await client.untilClosed()).code).to.equal(1001);
      return client.messages.waiting;
    }),
  );
}

describe("a goodbye", function () {
  this.timeout(60_000);

  for (const workers of [0, 2]) {
    it(`comes after the AVISO, to the last of a crowd (--workers ${workers})`, async () => {
      const server = await startTestServer(["--stock", "1", "--workers", String(workers)], {
        hub: SHORT_SLICES,
      });
      const crowd = await watchers(server);
      await sell(server, "last");
      const stopped = server.stop();
      const heard = await heardByAll(crowd);
      expect(await stopped).to.equal(true);
      for (const messages of heard) expect(messages).to.deep.equal(["ESTOQUE: 0", SOLD_OUT]);
    });
  }

  it("comes after the number that waited for the next round", async () => {
    const server = await startTestServer([], { hub: SELDOM });
    const crowd = await watchers(server, 3);
    await sell(server, "first");
    await sell(server, "second");
    const stopped = server.stop();
    const heard = await heardByAll(crowd);
    expect(await stopped).to.equal(true);
    for (const messages of heard) expect(messages.at(-1)).to.equal("ESTOQUE: 8");
  });

  it("comes after the number to a buyer, who knew from its receipt what it was then", async () => {
    const server = await startTestServer([], { hub: SELDOM });
    const [buyer, watcher] = (await watchers(server, 2)) as [WsClient, WsClient];
    expect(await buyer.ask("COMPRAR")).to.match(/^Compra realizada/);
    await sell(server, "another");
    const stopped = server.stop();
    const heard = await heardByAll([buyer, watcher]);
    expect(await stopped).to.equal(true);
    for (const messages of heard) expect(messages.at(-1)).to.equal("ESTOQUE: 8");
  });

  it("comes after the AVISO over TCP and in JSON too", async () => {
    const server = await startTestServer(["--stock", "1"], { hub: SHORT_SLICES });
    const crowd = await watchers(server);
    const program = await JsonClient.connect(server.httpPort);
    await program.ask({ type: "subscribe" });
    const terminal = await TextClient.connect(server.tcpPort);
    await terminal.ask("CONSULTAR");
    await sell(server, "last");
    const stopped = server.stop();
    await terminal.untilEnd();
    expect((await program.ws.untilClosed()).code).to.equal(1001);
    await heardByAll(crowd);
    expect(await stopped).to.equal(true);
    expect(terminal.lines.waiting).to.deep.equal([SOLD_OUT]);
    const kinds = program.ws.messages.waiting.map((text) => (JSON.parse(text) as Json)["kind"]);
    expect(kinds.filter((kind) => kind === "sold_out")).to.have.length(1);
  });
});
