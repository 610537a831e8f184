/** What a stop does to HTTP connections, whatever they are in the middle of. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { lockAddress } from "../../src/journal/lock.ts";
import { LIMITS } from "../../src/limits.ts";
import { stopServer, stopWithCrew, type StoppingCrewParts, type StoppingParts } from "../../src/stopping.ts";
import { cleanup, temporaryDirectory } from "../support/cleanup.ts";
import { ask, audit } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { LIST, makeLongList } from "../support/many-sales.ts";
import { runBilheteria, spawnServer, startTestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";

/** More than the system keeps of a connection that nobody reads. */
const LISTS = 7;
const BUY =
  "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}";

/** Asks for the lists and a purchase behind them, and reads nothing of it. */
async function askWithoutReading(port: number): Promise<TextClient> {
  const client = await TextClient.connect(port);
  client.socket.pause();
  client.write(LIST.repeat(LISTS) + BUY);
  await eventually(async () => (await audit(port))["sold"] === 1, "the purchase is carried out");
  return client;
}

describe("a stop", function () {
  this.timeout(60_000);

  it("lets who reads slowly read all the answers, that to a purchase behind long lists included", async () => {
    const server = await startTestServer(["--rate-limit", "0"], { stop: { lingerMs: 15_000 } });
    await makeLongList(server.httpPort);
    const list = (await ask(server.httpPort, "GET", "/api/sales")).text;
    const client = await askWithoutReading(server.httpPort);
    const stopped = server.stop();
    client.socket.resume();
    await client.untilEnd();
    const answers = client.received.toString().split("HTTP/1.1 ").slice(1);
    expect(answers.map((answer) => answer.slice(0, 3))).to.deep.equal([
      ...Array<string>(LISTS).fill("200"),
      "201",
    ]);
    for (const answer of answers.slice(0, LISTS)) expect(answer.endsWith(list)).to.equal(true);
    expect(answers.at(-1)).to.include('"remaining":9');
    expect(await stopped).to.equal(true);
  });

  it("waits for nobody who is idle", async () => {
    // Longer than a test may take.
    const server = await startTestServer([], { stop: { lingerMs: 120_000 } });
    const client = await TextClient.connect(server.httpPort);
    client.write(LIST);
    await eventually(() => client.received.includes("}]"), "it is answered");
    await within(server.stop(), "the server stops");
    await client.untilEnd();
  });

  it("waits for nobody who hasn't said a word: browsers connect ahead", async () => {
    const server = await startTestServer([], {
      stop: { lingerMs: 120_000 },
      http: { headersMs: 120_000, bodyMs: 120_000 },
    });
    const client = await TextClient.connect(server.httpPort);
    await within(server.stop(), "the server stops");
    await client.untilEnd();
    expect(client.received).to.have.length(0);
  });

  it("waits for a slow disk as long with gateway processes as without", async () => {
    const nothing = (): void => undefined;
    const done = (): Promise<void> => Promise.resolve();
    const idle = { stop: nothing, cut: nothing, closeIdle: nothing, stopAccepting: nothing };
    const gateways = { http: idle, webSockets: idle, tcp: idle, hub: idle, admission: { open: 0 } };
    const journal = { close: () => new Promise((resolve) => setTimeout(resolve, 200)) };
    const parts = { gateways, journal, engine: { stop: done }, commandLog: null };
    const stop = { drainMs: 20, closeMs: 60_000, lingerMs: 20, deadlineMs: 60_000 };
    expect(await stopServer({ ...parts, limits: stop } as unknown as StoppingParts)).to.equal(true);
    const crew = { close: done, goodbye: done, cut: done };
    const limits = { stop, workers: LIMITS.workers };
    expect(await stopWithCrew({ ...parts, crew, limits } as unknown as StoppingCrewParts)).to.equal(true);
  });

  it("gives gateway processes that hand nothing over a part of the time of the queue", async () => {
    const never = (): Promise<void> => new Promise(() => undefined);
    const done = (): Promise<void> => Promise.resolve();
    let closed = false;
    const journal = { close: () => Promise.resolve((closed = true)) };
    const crew = { close: never, goodbye: done, cut: done };
    const limits = {
      stop: { drainMs: 20, closeMs: 60_000, lingerMs: 20, deadlineMs: 60_000 },
      workers: { ...LIMITS.workers, closeMs: 500 },
    };
    const parts = { engine: { stop: done }, journal, crew, limits } as unknown as StoppingCrewParts;
    expect(await within(stopWithCrew(parts), "it stops")).to.equal(false);
    expect(closed).to.equal(false);
  });

  it("by SIGTERM exits with 0, though whoever asked whose the directory is doesn't hang up", async () => {
    const data = await temporaryDirectory();
    const server = await spawnServer(["--data", data]);
    const socket = connect({ path: await lockAddress(data, process.platform), allowHalfOpen: true });
    cleanup(() => socket.destroy());
    socket.on("error", () => undefined).resume();
    await once(socket, "end");
    server.kill("SIGTERM");
    expect(await within(server.exit, "the server stops"), server.errors()).to.equal(0);
  });

  it("by SIGTERM before the server listens exits with 0 too", async () => {
    const never = `import { Server } from "node:net";
      Server.prototype.listen = function () {
        setInterval(() => {}, 1_000);
        process.kill(process.pid, "SIGTERM");
        return this;
      };`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(never)}`;
    const ports = ["--port", "0", "--tcp-port", "0"];
    const server = runBilheteria(["serve", "--memory", ...ports, "--workers", "0"], {
      env: { NODE_OPTIONS },
    });
    expect(await within(server.exit, "the server stops")).to.equal(0);
    expect(server.errors()).to.equal("");
  });

  it("by SIGTERM exits with 0 in time, though somebody doesn't read", async () => {
    const server = await spawnServer(["--memory", "--rate-limit", "0", "--no-command-log"]);
    await makeLongList(server.httpPort);
    await askWithoutReading(server.httpPort);
    server.kill("SIGTERM");
    // It kills itself when it isn't done after stop.deadlineMs, so 0 says that it took less.
    expect(await within(server.exit, "the server stops")).to.equal(0);
  });
});
