/** What a machine does to a process: asks it to stop, freezes it for a while, starts it twice. */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ask } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { runBilheteria, spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { WsClient } from "../support/ws-client.ts";
import { gather } from "./crowd.ts";
import { loadedFirst } from "./loaded-first.ts";
import { randomFrom } from "./plan.ts";
import { reckon } from "./reckoning.ts";
import { Recording } from "./recording.ts";

function flagsFor(data: string): string[] {
  return ["--data", data, "--stock", "1000000", "--rate-limit", "0", "--no-command-log"];
}

async function answersAbove(recording: Recording, count: number): Promise<void> {
  const isDone = (): boolean => answers(recording) > count;
  await eventually(isDone, `${count} purchases are answered`);
}

function answers({ attempts }: Recording): number {
  return attempts.filter(({ receipts }) => receipts.length > 0).length;
}

async function agrees(server: ListeningProcess, recording: Recording): Promise<void> {
  const { findings } = await reckon(server, recording, { repeats: 50, random: randomFrom(1) });
  expect(findings).to.deep.equal([]);
}

/** Each of them hears a ping, which its `ws` answers. */
async function pinged(clients: readonly WsClient[]): Promise<void> {
  const pings = clients.map(({ socket }) => once(socket, "ping"));
  await within(Promise.all(pings), "everybody is pinged");
}

describe("a server under load", function () {
  this.timeout(60_000);

  it("that gets SIGTERM exits with 0, and everything answered is there, on every kind of socket", async () => {
    const data = await temporaryDirectory();
    const server = await spawnServer(flagsFor(data));
    const recording = new Recording();
    const crowd = await gather(server, recording, "term", 1);
    await answersAbove(recording, 500);
    server.kill("SIGTERM");
    // It kills itself when it isn't done after stop.deadlineMs (4.5 s), so 0 says that it took less.
    expect(await within(server.exit, "the server stops")).to.equal(0);
    await crowd.over;
    expect(crowd.surprises).to.deep.equal([]);
    await agrees(await spawnServer(flagsFor(data)), recording);
  });

  it("that is frozen for seconds keeps its connections, sells on, is ready again, and loses nothing", async () => {
    const data = await temporaryDirectory();
    const env = loadedFirst("quick-heartbeat.js");
    const server = await spawnServer(flagsFor(data), { env });
    const recording = new Recording();
    const idle = await Promise.all(Array.from({ length: 20 }, () => WsClient.connect(server.httpPort)));
    const crowd = await gather(server, recording, "freeze", 1);
    await answersAbove(recording, 300);
    // The heartbeat knows all of them before it is frozen.
    await pinged(idle);
    server.kill("SIGSTOP");
    await pause(4_000);
    const frozen = answers(recording);
    server.kill("SIGCONT");
    await answersAbove(recording, frozen + 300);
    expect((await ask(server.httpPort, "GET", "/readyz")).status).to.equal(200);
    // Two pings without a pong are what it takes to be thought dead.
    for (let pings = 0; pings < 3; pings++) await pinged(idle);
    for (const { socket } of idle) expect(socket.readyState).to.equal(socket.OPEN);
    for (const client of idle) client.say("CONSULTAR");
    for (const client of idle) await client.messages.until((text) => text.startsWith("Estoque atual"));
    await crowd.leave();
    expect(crowd.surprises).to.deep.equal([]);
    expect(recording.attempts.filter(({ receipts }) => receipts.length === 0)).to.deep.equal([]);
    await agrees(server, recording);
  });
});

describe("two servers on one data directory", function () {
  this.timeout(60_000);

  it("the second says who holds it and exits with 3, the first sells on; killed, it leaves the way free", async () => {
    const data = await temporaryDirectory();
    const first = await spawnServer(flagsFor(data));
    const recording = new Recording();
    const crowd = await gather(first, recording, "first", 1);
    await answersAbove(recording, 200);
    for (let n = 0; n < 3; n++) {
      const second = runBilheteria(["serve", "--port", "0", "--tcp-port", "0", ...flagsFor(data)]);
      expect(await within(second.exit, "the second gives up")).to.equal(3);
      expect(second.errors()).to.match(
        new RegExp(
          `^bilheteria: ${data} is in use by process ${first.pid}, running since 20[^ ]+Z \\(port ${first.httpPort}\\)\\. ` +
            "Stop that process first, or choose another directory\\.\n$",
        ),
      );
    }
    await answersAbove(recording, answers(recording) + 200);
    first.kill("SIGKILL");
    await first.exit;
    await crowd.over;
    expect(crowd.surprises).to.deep.equal([]);
    await agrees(await spawnServer(flagsFor(data)), recording);
  });

  it("started in the same instant after a kill: exactly one of them sells", async () => {
    const data = await temporaryDirectory();
    const before = await spawnServer(flagsFor(data));
    const recording = new Recording();
    const crowd = await gather(before, recording, "before", 1);
    await answersAbove(recording, 200);
    before.kill("SIGKILL");
    await before.exit;
    await crowd.over;
    const started = await Promise.allSettled(Array.from({ length: 3 }, () => spawnServer(flagsFor(data))));
    const running = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const reasons = started.flatMap((start) => (start.status === "rejected" ? [String(start.reason)] : []));
    expect(running).to.have.length(1);
    expect(reasons).to.have.length(2);
    for (const reason of reasons) expect(reason).to.include(`is in use by process ${running[0]?.pid}`);
    await agrees(running[0]!, recording);
  });
});
