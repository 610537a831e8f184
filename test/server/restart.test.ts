/** Stopping and starting again: nothing that was answered is lost, and nobody is left waiting. */
import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ask, askOrganiser, audit, buy } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { spawnServer, type ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient } from "../support/ws-client.ts";

async function stop(server: ListeningProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  server.kill(signal);
  expect(await within(server.exit, "the server stops")).to.equal(0);
}

describe("a restart", function () {
  this.timeout(60_000);

  it("keeps sales, states, receipts, codes and digests, under a new epoch", async () => {
    const data = await temporaryDirectory();
    const before = await spawnServer(["--data", data, "--stock", "30", "--title", "Peça"]);
    await askOrganiser(before.httpPort, "POST", "/sales", { id: "show", title: "Show", capacity: 2 });
    const tcp = await TextClient.connect(before.tcpPort);
    await tcp.ask("COMPRAR 3 minha-chave");
    const receipt = (await buy(before.httpPort, "k", { quantity: 2, buyer: "ana" })).json();
    await buy(before.httpPort, "last", { quantity: 2 }, "show");
    await askOrganiser(before.httpPort, "POST", "/sales/default/restock", { quantity: 5 });
    await askOrganiser(before.httpPort, "POST", "/sales/default/pause");
    const books = await Promise.all(["default", "show"].map((sale) => audit(before.httpPort, sale)));
    const sales = (await ask(before.httpPort, "GET", "/api/sales")).json() as unknown as {
      position: { epoch: number };
    }[];
    const tickets = (await askOrganiser(before.httpPort, "GET", "/sales/default/tickets.csv")).text;
    tcp.close();
    await stop(before);

    const after = await spawnServer(["--data", data, "--stock", "99", "--title", "Outra"]);
    expect(after.listening).to.include({ available: 30, capacity: 35, durable: true });
    expect(await Promise.all(["default", "show"].map((sale) => audit(after.httpPort, sale)))).to.deep.equal(
      books,
    );
    const salesNow = (await ask(after.httpPort, "GET", "/api/sales")).json() as unknown as typeof sales;
    expect(salesNow[0]!.position.epoch).to.be.above(sales[0]!.position.epoch);
    const withoutEpoch = (list: typeof sales) => list.map(({ position: _position, ...rest }) => rest);
    expect(withoutEpoch(salesNow)).to.deep.equal(withoutEpoch(sales));
    expect((await askOrganiser(after.httpPort, "GET", "/sales/default/tickets.csv")).text).to.equal(tickets);
    expect((await buy(after.httpPort, "k", { quantity: 2, buyer: "ana" })).json()).to.deep.equal(receipt);
    const json = await JsonClient.connect(after.httpPort);
    expect(await json.ask({ type: "buy", id: "k", quantity: 2, buyer: "ana" })).to.deep.equal(receipt);
    const again = await TextClient.connect(after.tcpPort);
    expect(await again.ask("COMPRAR 3 minha-chave")).to.equal("Compra realizada. Estoque restante: 27");
    expect(await again.ask("COMPRAR 2 minha-chave")).to.equal("ERRO: Chave usada em outro pedido");
    expect(await again.ask("COMPRAR 1")).to.equal("ERRO: Venda pausada");
    await askOrganiser(after.httpPort, "POST", "/sales/default/open");
    expect(await again.ask("COMPRAR 1")).to.equal("Compra realizada. Estoque restante: 29");
  });

  it("sells no keyless purchase for one of the process before", async () => {
    const data = await temporaryDirectory();
    for (const left of [9, 8, 7]) {
      const server = await spawnServer(["--data", data]);
      const client = await TextClient.connect(server.tcpPort);
      expect(await client.ask("COMPRAR")).to.equal(`Compra realizada. Estoque restante: ${left}`);
      client.close();
      await stop(server);
    }
  });

  it("is told from a new beginning by the journal that hello names, the same in every process", async () => {
    const data = await temporaryDirectory();
    const named: Set<unknown>[] = [];
    for (const flags of [["--workers", "0"], ["--workers", "2"], ["--fresh"]]) {
      const server = await spawnServer(["--data", data, ...flags]);
      const clients = await Promise.all(Array.from({ length: 8 }, () => JsonClient.connect(server.httpPort)));
      named.push(new Set(clients.map(({ hello }) => hello["journal"])));
      for (const { ws } of clients) ws.close();
      await stop(server);
    }
    expect(named.map(({ size }) => size)).to.deep.equal([1, 1, 1]);
    const [first, second, fresh] = named.map((journals) => [...journals][0]);
    expect(first).to.match(/^[0-9a-f]{32}$/);
    expect(second).to.equal(first);
    expect(fresh)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(first);
  });

  it("tells no AVISO again of what sold out before", async () => {
    const data = await temporaryDirectory();
    const before = await spawnServer(["--data", data, "--stock", "1"]);
    await buy(before.httpPort, "k");
    await stop(before);
    const after = await spawnServer(["--data", data, "--stock", "1"]);
    const client = await WsClient.connect(after.httpPort);
    expect(await client.ask("COMPRAR")).to.equal("ERRO: Produto esgotado");
    expect(await client.ask("AJUDA")).to.match(/^Comandos/);
    expect(client.messages.all).to.have.length(2);
  });

  it("with --fresh begins anew, and sets the old data aside under other names", async () => {
    const data = await temporaryDirectory();
    const before = await spawnServer(["--data", data, "--stock", "5"]);
    await buy(before.httpPort, "k");
    await stop(before);
    const fresh = await spawnServer(["--data", data, "--stock", "8", "--fresh"]);
    expect(fresh.listening).to.include({ available: 8, capacity: 8 });
    expect((await buy(fresh.httpPort, "k")).json()).to.include({ remaining: 7, order: 1 });
    const names = await readdir(data);
    const aside = names.find((name) => /^journal\.\d{4}-\d\d-\d\dT/.test(name));
    expect(aside).to.not.equal(undefined);
    expect(await readdir(`${data}/${aside}`)).to.include("0000000000000000.log");
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`${signal} under load exits with 0, closes with 1001, and keeps every answered purchase`, async () => {
      const data = await temporaryDirectory();
      const flags = ["--data", data, "--stock", "1000000", "--rate-limit", "0"];
      const server = await spawnServer(flags);
      const watchers = await Promise.all(Array.from({ length: 10 }, () => WsClient.connect(server.httpPort)));
      const tcp = await Promise.all(Array.from({ length: 8 }, () => TextClient.connect(server.tcpPort)));
      const buyers = tcp.map(async (client) => {
        let bought = 0;
        try {
          for (;;) if ((await client.ask("COMPRAR")).startsWith("Compra realizada")) bought += 1;
        } catch {
          client.finish();
          return bought;
        }
      });
      await eventually(() => tcp.every((client) => client.lines.all.length > 20), "everybody buys");
      await stop(server, signal);
      for (const watcher of watchers) expect((await watcher.untilClosed()).code).to.equal(1001);
      const bought = (await Promise.all(buyers)).reduce((sum, count) => sum + count, 0);
      expect(bought).to.be.above(160);
      const after = await spawnServer(flags);
      // Nothing was in flight that wasn't answered: the stop waits for the queue.
      expect(await audit(after.httpPort)).to.include({ sold: bought, balanced: true });
    });
  }

  it("stops within seconds although clients neither read nor leave", async () => {
    const server = await spawnServer(["--memory", "--rate-limit", "0"]);
    const client = await TextClient.connect(server.tcpPort);
    await client.ask("AJUDA");
    client.socket.pause();
    client.write("AJUDA\n".repeat(200_000));
    const ws = await WsClient.connect(server.httpPort);
    ws.socket.pause();
    await stop(server);
  });
});
