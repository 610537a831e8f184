/** A server of several processes, seen from outside: what its clients notice of it, and what happens when some die. */
import cluster from "node:cluster";
import { readdir, readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ask, askOrganiser, audit, buy } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { childrenOf, isAlive, openFiles } from "../support/processes.ts";
import { ALONE, spawnServer, startTestServer, type ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient, type Json } from "../support/ws-client.ts";

const TWO = ["--workers", "2"];
const MANY = String(1_000_000);
const FAST = ["--rate-limit", "0", "--no-command-log"];

async function metric(port: number, name: string): Promise<number> {
  const { text } = await ask(port, "GET", "/metrics");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** The workers of the servers that run in this process. */
function workersHere(): number[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? []);
}

/** Connects until each of the workers has one of the connections. */
async function connectToEach<Client>(
  workers: readonly number[],
  connect: () => Promise<Client>,
): Promise<Client[]> {
  const before = workers.map(openFiles);
  const clients: Client[] = [];
  for (let i = 0; i < 200; i++) {
    clients.push(await connect());
    if (workers.every((pid, i) => openFiles(pid) > (before[i] ?? 0))) return clients;
  }
  throw new Error("the connections all went to the same worker");
}

describe("a server of several processes", function () {
  this.timeout(60_000);

  it("says how many it has, and that they aren't the queue's", async () => {
    const server = await spawnServer([...TWO, "--memory"]);
    expect(server.listening).to.include({ workers: 2 });
    expect(childrenOf(server.pid)).to.have.length(2);
    const alone = await spawnServer(["--workers", "0", "--memory"]);
    expect(alone.listening).to.not.have.property("workers");
    expect(childrenOf(alone.pid)).to.deep.equal([]);
  });

  it("tells everybody of every purchase, whichever process they are connected to", async () => {
    const { httpPort, tcpPort } = await startTestServer([...TWO, "--stock", "3"]);
    const watchers = await connectToEach(workersHere(), () => WsClient.connect(httpPort));
    for (const watcher of watchers) expect(await watcher.ask("CONSULTAR")).to.equal("Estoque atual: 3");
    const buyer = await TextClient.connect(tcpPort);
    expect(await buyer.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 2");
    for (const watcher of watchers) expect(await watcher.next()).to.equal("ESTOQUE: 2");
    expect(await buyer.ask("COMPRAR 2")).to.equal("Compra realizada. Estoque restante: 0");
    for (const watcher of watchers) {
      expect(await watcher.next()).to.equal("ESTOQUE: 0");
      expect(await watcher.next()).to.equal("AVISO: O estoque acabou de esgotar!");
    }
  });

  it("counts who is watching over all processes, and who leaves", async () => {
    const { httpPort } = await startTestServer(TWO, {
      hub: { presenceMs: 20 },
      workers: { reportMs: 20, silentReports: 1_000 },
    });
    const watchers = await connectToEach(workersHere(), () => JsonClient.connect(httpPort));
    for (const watcher of watchers) watcher.say({ type: "subscribe" });
    const isTold = async (watcher: JsonClient, watching: number): Promise<void> => {
      while ((await watcher.untilType("presence"))["watching"] !== watching);
    };
    for (const watcher of watchers) await isTold(watcher, watchers.length);
    watchers.pop()?.ws.close();
    for (const watcher of watchers) await isTold(watcher, watchers.length);
  });

  it("says the same figures whoever is asked, those of all processes together", async () => {
    const { httpPort, tcpPort } = await startTestServer(TWO, { http: { metricsMs: 0 } });
    const guests = await connectToEach(workersHere(), () => WsClient.connect(httpPort));
    const [watcher = await WsClient.connect(httpPort)] = guests;
    await (await TextClient.connect(tcpPort)).ask("COMPRAR");
    expect(await watcher.next()).to.equal("ESTOQUE: 9");
    for (let i = 0; i < 6; i++) {
      expect(await metric(httpPort, "bilheteria_websocket_connections")).to.equal(guests.length);
      expect(await metric(httpPort, "bilheteria_tcp_connections")).to.equal(1);
      expect(await metric(httpPort, "bilheteria_workers")).to.equal(2);
      expect((await ask(httpPort, "GET", "/metrics")).text).to.include('{outcome="sold"} 1\n');
    }
    await eventually(
      async () => (await metric(httpPort, "bilheteria_deliveries_total")) === guests.length,
      "each was told once",
    );
  });

  it("knows in each process that a sale has opened whose hour passed while the server was down", async () => {
    const data = await temporaryDirectory();
    const before = await startTestServer([...ALONE, "--data", data]);
    const sale = { id: "show", title: "Show", capacity: 5, opensAt: Date.now() + 500 };
    expect((await askOrganiser(before.httpPort, "POST", "/sales", sale)).status).to.equal(201);
    await before.stop();
    await eventually(() => Date.now() > sale.opensAt, "the hour passes");
    // Nothing is looked for before the workers start when the ports are known, so the sale opens while they do.
    const ports = ["--port", String(before.httpPort), "--tcp-port", String(before.tcpPort)];
    const { httpPort } = await startTestServer([...TWO, "--data", data, ...ports]);
    const path = "/vendas/show";
    const watchers = await connectToEach(workersHere(), () => JsonClient.connect(httpPort, { path }));
    for (const watcher of watchers)
      expect(await watcher.ask({ type: "subscribe" })).to.include({ type: "stock", state: "open" });
    for (let i = 0; i < 6; i++)
      expect((await ask(httpPort, "GET", "/api/sales/show")).json()).to.include({ state: "open" });
  });

  it("knows the limit of one address over all processes", async function () {
    const address = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
    if (address === undefined) this.skip();
    const { tcpPort } = await startTestServer([...TWO, "--host", "0.0.0.0"], {
      connections: { perAddress: 12 },
    });
    const answers: string[] = [];
    for (let i = 0; i < 14; i++) {
      const client = await TextClient.connect(tcpPort, address);
      answers.push(await client.ask("CONSULTAR"));
      // By now the engine's process has told the others; one more answer of theirs says that they have heard it.
      await (await TextClient.connect(tcpPort)).ask("CONSULTAR");
    }
    expect(answers.slice(0, 12)).to.deep.equal(Array.from({ length: 12 }, () => "Estoque atual: 10"));
    expect(answers.slice(12)).to.deep.equal(["ERRO: Servidor lotado", "ERRO: Servidor lotado"]);
  });

  it("lists every ticket to the organiser and recounts, though the worker has to ask for them", async () => {
    const data = await temporaryDirectory();
    const flags = [...TWO, "--stock", "20", "--data", data];
    const { httpPort } = await startTestServer(flags, { workers: { listedPurchases: 3 } });
    for (let i = 1; i <= 9; i++) await buy(httpPort, `k${i}`, { buyer: `b${i}` });
    const { text } = await askOrganiser(httpPort, "GET", "/sales/default/tickets.csv");
    const orders = text
      .trimEnd()
      .split("\r\n")
      .slice(1)
      .map((row) => Number(row.split(",")[0]));
    expect(orders).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const headers = { authorization: "Bearer the-organiser-of-the-tests" };
    const recount = await ask(httpPort, "GET", "/api/sales/default/audit?recount=1", { headers });
    expect(recount.json()).to.deep.equal(await audit(httpPort));
    expect((await ask(httpPort, "GET", "/readyz")).text).to.equal("ready\n");
  });

  it("gives each purchase without a key one of its own, in whichever process it is made", async () => {
    const data = await temporaryDirectory();
    for (let start = 1; start <= 2; start++) {
      const server = await startTestServer([...TWO, "--stock", MANY, "--data", data]);
      const buyers = await connectToEach(workersHere(), () => TextClient.connect(server.tcpPort));
      for (const buyer of buyers) await buyer.ask("COMPRAR");
      await server.stop();
    }
    const folder = join(data, "journal");
    const journal = (await readdir(folder)).map((name) => readFile(join(folder, name), "latin1"));
    const keys = [...(await Promise.all(journal)).join("").matchAll(/"key":"(\.[^"]+)"/g)];
    expect(keys).to.have.length.above(3);
    expect(new Set(keys.map(([, key]) => key)).size).to.equal(keys.length);
  });

  it("logs whole lines, one for each command, of all processes", async () => {
    const server = await spawnServer([...TWO, "--memory", "--stock", MANY, "--rate-limit", "0"]);
    const guests = await connectToEach(childrenOf(server.pid), () => TextClient.connect(server.tcpPort));
    // The last one came to the other process than all before it. More lines than these could be more than may wait.
    const buyers = [guests[0]!, guests.at(-1)!];
    const each = 1_000;
    for (const buyer of buyers) buyer.write("COMPRAR\n".repeat(each));
    for (const buyer of buyers) await buyer.lines.take(each);
    server.kill("SIGTERM");
    expect(await server.exit).to.equal(0);
    const lines = server.log.all.map((line) => JSON.parse(line) as Json);
    const sold = lines.filter(({ command }) => command === "COMPRAR 1");
    expect(sold).to.have.length(each * buyers.length);
    expect(new Set(sold.map(({ outcome }) => outcome)).size).to.equal(each * buyers.length);
  });

  it("leaves it to the process of the queue what a signal means", async () => {
    const server = await spawnServer([...TWO, "--memory"]);
    const workers = childrenOf(server.pid);
    for (const pid of workers) {
      process.kill(pid, "SIGTERM");
      process.kill(pid, "SIGINT");
    }
    const client = await TextClient.connect(server.tcpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
    expect(childrenOf(server.pid)).to.deep.equal(workers);
    for (const pid of [...workers, server.pid]) process.kill(pid, "SIGTERM");
    expect(await server.exit).to.equal(0);
    expect(workers.map(isAlive)).to.deep.equal([false, false]);
  });
});

describe("the death of a worker", function () {
  this.timeout(120_000);

  it("loses no answered purchase and sells none twice: its clients retry with their keys", async () => {
    const data = await temporaryDirectory();
    const server = await spawnServer([...TWO, "--data", data, "--stock", MANY, ...FAST]);
    const crowd = Array.from({ length: 12 }, (_, i) => new Persistent(server, `b${i}`));
    const running = crowd.map((buyer) => buyer.run());
    for (let kills = 1; kills <= 4; kills++) {
      const before = crowd.map(({ receipts }) => receipts.size);
      await eventually(
        () => crowd.every(({ receipts }, i) => receipts.size > (before[i] ?? 0) + 10),
        "everybody buys",
      );
      process.kill(childrenOf(server.pid)[kills % 2] ?? 0, "SIGKILL");
      await within(
        server.log.until((line) => line.includes("replaces it serves")),
        "a new one serves",
      );
    }
    for (const buyer of crowd) buyer.enough = true;
    await Promise.all(running);
    const receipts = crowd.flatMap(({ receipts }) => [...receipts.values()]);
    const orders = receipts.map(({ order }) => order as number).toSorted((a, b) => a - b);
    // Every key bought once: as many orders as keys, each another, and none that nobody knows.
    expect(orders).to.deep.equal(orders.map((_order, i) => i + 1));
    const books = await audit(server.httpPort);
    expect(books).to.include({ sold: orders.length, tickets: orders.length, balanced: true });
    expect(crowd.reduce((sum, { reconnects }) => sum + reconnects, 0)).to.be.above(0);
    expect(await metric(server.httpPort, "bilheteria_workers_lost")).to.equal(4);
    server.kill("SIGTERM");
    expect(await server.exit).to.equal(0);
  });

  it("of all of them at once is over in a moment, at the same ports, with the same sale", async () => {
    const server = await spawnServer([...TWO, "--memory"]);
    expect((await buy(server.httpPort, "k")).status).to.equal(201);
    const before = childrenOf(server.pid);
    for (const pid of before) process.kill(pid, "SIGKILL");
    await eventually(
      async () => (await ask(server.httpPort, "GET", "/readyz").catch(() => null))?.status === 200,
      "they serve again",
    );
    expect((await buy(server.httpPort, "k")).json()).to.include({ order: 1, remaining: 9 });
    const client = await TextClient.connect(server.tcpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 8");
    expect(childrenOf(server.pid)).to.not.include.members(before);
  });

  it("takes no notice away from whoever resumes with the one in its place", async () => {
    const server = await spawnServer([...TWO, "--memory", "--stock", "2"]);
    const client = await JsonClient.connect(server.httpPort);
    const { position } = await client.ask({ type: "subscribe" });
    for (const key of ["a", "b"]) expect((await buy(server.httpPort, key)).status).to.equal(201);
    await client.untilType("notice");
    expect(
      (await askOrganiser(server.httpPort, "POST", "/sales/default/restock", { quantity: 3 })).status,
    ).to.equal(200);
    for (const pid of childrenOf(server.pid)) process.kill(pid, "SIGKILL");
    await client.ws.untilClosed();
    const connect = (): Promise<JsonClient | undefined> =>
      JsonClient.connect(server.httpPort).catch(() => undefined);
    const again = await eventually(connect, "they serve again");
    again.say({ type: "subscribe", from: position });
    expect(await again.untilType("notice")).to.include({ kind: "sold_out" });
    expect(await again.untilType("notice")).to.include({ kind: "restocked", quantity: 3 });
  });

  it("takes what it had counted into the sums, and what it had open out of them", async () => {
    const server = await startTestServer(TWO, {
      http: { metricsMs: 0 },
      hub: { presenceMs: 20 },
      workers: { reportMs: 20, silentReports: 1_000 },
    });
    const [first = 0] = workersHere();
    const watchers = await connectToEach(workersHere(), () => WsClient.connect(server.httpPort));
    const stayed = await JsonClient.connect(server.httpPort);
    stayed.say({ type: "subscribe" });
    await buy(server.httpPort, "k");
    for (const watcher of watchers) await watcher.next();
    const told = await metric(server.httpPort, "bilheteria_deliveries_total");
    expect(told).to.be.at.least(watchers.length);
    process.kill(first, "SIGKILL");
    await eventually(
      async () => (await metric(server.httpPort, "bilheteria_workers_lost").catch(() => 0)) === 1,
      "it is missed",
    );
    expect(await metric(server.httpPort, "bilheteria_deliveries_total")).to.be.at.least(told);
    await eventually(async () => {
      const closed = watchers.filter(({ socket }) => socket.readyState === socket.CLOSED).length;
      const here = stayed.ws.socket.readyState === stayed.ws.socket.OPEN ? 1 : 0;
      const open = await metric(server.httpPort, "bilheteria_websocket_connections");
      return closed > 0 && open === watchers.length - closed + here;
    }, "only those who are still connected are counted");
  });

  it("again and again makes the server give up, and say so", async () => {
    const server = await startTestServer(TWO, { workers: { restarts: 2 } });
    for (let kills = 1; kills <= 3; kills++) {
      await eventually(() => workersHere().length === 2, "there are two");
      const [oldest = 0] = workersHere();
      process.kill(oldest, "SIGKILL");
      await eventually(() => !workersHere().includes(oldest), "it is gone");
    }
    await eventually(() => server.faults.length > 0, "it gives up");
    expect(server.faults.map(({ code }) => code)).to.deep.equal(["WORKERS_FAILED"]);
    expect(server.faults[0]?.message).to.equal("3 workers ended within 60 s, the last one by SIGKILL");
  });
});

describe("a worker that hangs", function () {
  this.timeout(60_000);

  it("is killed and replaced when it says nothing for too long", async () => {
    const server = await startTestServer(TWO, { workers: { reportMs: 50, silentReports: 10 } });
    const [first = 0] = workersHere();
    process.kill(first, "SIGSTOP");
    await eventually(() => !isAlive(first) && workersHere().length === 2, "another takes its place");
    const client = await TextClient.connect(server.tcpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
    expect(server.faults).to.deep.equal([]);
  });

  it("is killed and replaced when it leaves too much unread, and doesn't keep the others from buying", async () => {
    const server = await startTestServer([...TWO, "--stock", MANY, "--rate-limit", "0"], {
      workers: { silentReports: 1_000, backlogBytes: 64 * 1024, tallyMs: 50 },
    });
    const [first = 0] = workersHere();
    process.kill(first, "SIGSTOP");
    const buyer = await TextClient.connect(server.tcpPort);
    for (let left = 1_000_000 - 1; isAlive(first); left--) {
      expect(left, "it is never replaced").to.be.above(990_000);
      expect(await buyer.ask("COMPRAR")).to.equal(`Compra realizada. Estoque restante: ${left}`);
    }
    await eventually(() => workersHere().length === 2 && !workersHere().includes(first), "another starts");
    expect(server.faults).to.deep.equal([]);
  });
});

describe("the death of the queue's process", function () {
  this.timeout(60_000);

  it("ends its workers at once, and with them every connection", async () => {
    const server = await spawnServer([...TWO, "--memory"]);
    const workers = childrenOf(server.pid);
    const clients = await connectToEach(workers, () => WsClient.connect(server.httpPort));
    server.kill("SIGKILL");
    expect(await server.exit).to.equal("SIGKILL");
    for (const client of clients) await client.untilClosed();
    await eventually(() => !workers.some(isAlive), "no worker is left");
  });
});

/** Buys one ticket after the other, each under a key of its own that it sends until it has the receipt. */
class Persistent {
  readonly receipts = new Map<string, Json>();
  enough = false;
  reconnects = -1;
  readonly #server: ListeningProcess;
  readonly #name: string;

  constructor(server: ListeningProcess, name: string) {
    this.#server = server;
    this.#name = name;
  }

  async run(): Promise<void> {
    while (!this.enough) {
      this.reconnects += 1;
      try {
        const client = await JsonClient.connect(this.#server.httpPort);
        while (!this.enough) await this.#buy(client);
        client.ws.close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async #buy(client: JsonClient): Promise<void> {
    const id = `${this.#name}-${this.receipts.size}`;
    client.say({ type: "buy", id, quantity: 1, buyer: this.#name });
    const receipt = await client.untilType("receipt");
    if (receipt["id"] !== id) throw new Error(`${id} was answered with ${String(receipt["id"])}`);
    this.receipts.set(id, receipt);
  }
}
