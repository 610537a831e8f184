/** The visitors of our own that come while nobody is here: what they leave behind, which is nothing, and when they go. */
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { expect } from "chai";
import { Rehearsal } from "../../src/rehearsal.ts";
import { cleanup } from "../support/cleanup.ts";
import { ask, audit } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { openFiles } from "../support/processes.ts";
import {
  ADMIN_TOKEN,
  mergeLimits,
  portsOf,
  runBilheteria,
  type SomeLimits,
} from "../support/start-server.ts";

const VISITORS = 30;

describe("a rehearsal", () => {
  it("has as many visitors as it should, and tells once that it is over", async () => {
    const { remarks } = await rehearsed();
    expect(remarks).to.deep.equal([`rehearsed with ${VISITORS} visitors`]);
  });

  it("ends with the first client that is here", async () => {
    let asked = 0;
    const { remarks } = await rehearsed({ isAlone: () => ++asked <= 7 });
    expect(remarks).to.deep.equal(["rehearsed with 7 visitors"]);
  });

  it("isn't held when a client is here already", async () => {
    const { remarks } = await rehearsed({ isAlone: () => false });
    expect(remarks).to.deep.equal(["rehearsed with 0 visitors"]);
  });

  it("ends when the server stops, and waits for nobody", async () => {
    const remarks: string[] = [];
    const rehearsal = rehearse({
      limits: { rehearsal: { visitors: 1_000_000 } },
      remarks,
      isAlone: () => true,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(remarks).to.deep.equal([]);
    await rehearsal.stop();
    expect(remarks).to.have.length(1);
    expect(remarks[0]).to.match(/^rehearsed with \d{1,5} visitors$/);
  });

  it("leaves no socket behind", async function () {
    if (!existsSync("/proc/self/fd")) this.skip();
    await rehearsed();
    const before = openFiles(process.pid);
    await rehearsed();
    await eventually(() => openFiles(process.pid) <= before, "its sockets are closed");
  });

  it("is open to this machine alone", async function () {
    if (!existsSync("/proc/self/net/tcp6")) this.skip();
    const others = listening();
    const found = new Set<string>();
    await rehearsed({
      isAlone: () => {
        for (const address of listening())
          if (!others.includes(address)) found.add(address.split(":")[0] ?? "");
        return true;
      },
    });
    // 127.0.0.1 as IPv6 writes it, or as it is where there is no IPv6; the system tells each 32 bits from the last byte.
    expect([...found]).to.have.length(1);
    expect(["0000000000000000FFFF00000100007F", "0100007F"]).to.include([...found][0]);
  });

  it("says why there was none, and does no harm", async () => {
    const { remarks } = await rehearsed({
      limits: { connections: { reservedDescriptors: 1_000_000_000, turnedAway: 1 } },
    });
    expect(remarks).to.have.length(1);
    expect(remarks[0]).to.match(/^there was no rehearsal: Error: a visitor of the rehearsal was sent away/);
  });
});

describe("a server that rehearses", function () {
  this.timeout(60_000);

  for (const workers of [0, 2]) {
    it(`has nothing of it in its books, figures and log, with ${workers} gateway processes`, async () => {
      const server = start(["--workers", String(workers)]);
      const { httpPort } = await portsOf(server);
      for (let i = 0; i < Math.max(1, workers); i++) {
        const line = await server.log.until((text) => text.includes("rehears"));
        expect(JSON.parse(line)).to.include({ level: 20, msg: "rehearsed with 2000 visitors" });
      }
      expect(await audit(httpPort)).to.include({ sold: 0, balanced: true });
      const { text } = await ask(httpPort, "GET", "/metrics");
      // The sale that the start created, and the audit.
      const decisions = [...text.matchAll(/^bilheteria_decisions_total\{.*\} (\d+)$/gm)];
      expect(decisions.reduce((sum, [, count]) => sum + Number(count), 0)).to.equal(2);
      expect(text).to.match(/^bilheteria_websocket_connections 0$/m);
      expect(text).to.match(/^bilheteria_session_faults 0$/m);
      expect(server.log.all.filter((line) => line.includes("CONSULTAR"))).to.deep.equal([]);
    });
  }

  it("sends its visitors away when somebody comes, and doesn't keep a stop waiting", async () => {
    const server = start(["--workers", "0"]);
    const { tcpPort } = await portsOf(server);
    const client = connect(tcpPort, "127.0.0.1");
    cleanup(() => client.destroy());
    client.write("CONSULTAR\n");
    const [answer] = (await once(client, "data")) as [Buffer];
    expect(answer.toString()).to.match(/^Estoque atual: 10/);
    const line = await server.log.until((text) => text.includes("rehears"));
    const came = Number(/rehearsed with (\d+) visitors/.exec(line)?.[1]);
    expect(came).to.be.below(2_000);
    server.kill("SIGTERM");
    expect(await server.exit).to.equal(0);
  });
});

function start(flags: readonly string[]): ReturnType<typeof runBilheteria> {
  const ports = ["--port", "0", "--tcp-port", "0", "--host", "127.0.0.1"];
  return runBilheteria([
    "serve",
    ...ports,
    "--admin-token",
    ADMIN_TOKEN,
    "--memory",
    "--log-level",
    "debug",
    ...flags,
  ]);
}

async function rehearsed({
  isAlone = () => true,
  limits = {},
}: { isAlone?: () => boolean; limits?: SomeLimits } = {}): Promise<{ readonly remarks: readonly string[] }> {
  const remarks: string[] = [];
  rehearse({ limits: { rehearsal: { visitors: VISITORS }, ...limits }, remarks, isAlone });
  await eventually(() => remarks.length > 0, "the rehearsal is over");
  return { remarks };
}

function rehearse(parts: {
  readonly limits: SomeLimits;
  readonly remarks: string[];
  readonly isAlone: () => boolean;
}): Rehearsal {
  const { limits, remarks, isAlone } = parts;
  const rehearsal = new Rehearsal({
    limits: mergeLimits(limits),
    isAlone,
    remark: (message) => remarks.push(message),
  });
  cleanup(() => rehearsal.stop());
  rehearsal.start();
  return rehearsal;
}

/** Addresses and ports that this process listens on, as the system writes them. */
function listening(): string[] {
  const own = new Set(
    readdirSync("/proc/self/fd").flatMap((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ["tcp", "tcp6"].flatMap((kind) =>
    readFileSync(`/proc/self/net/${kind}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && own.has(inode ?? ""))
      .map(([, address = ""]) => address),
  );
}
