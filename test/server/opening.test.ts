/** A sale that opens, and one that closes, by the clock. */
import { expect } from "chai";
import { temporaryDirectory } from "../support/cleanup.ts";
import { ask, askOrganiser, buy } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { spawnServer, startTestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient } from "../support/ws-client.ts";

describe("a sale with an hour to open", function () {
  this.timeout(60_000);

  it("refuses until then, opens by itself, and tells everybody", async () => {
    const server = await spawnServer(["--memory", "--opens-at", "+3s"]);
    const ws = await WsClient.connect(server.httpPort);
    const json = await JsonClient.connect(server.httpPort);
    expect(await ws.ask("COMPRAR")).to.match(/^ERRO: Venda ainda não aberta\. Abre em 00:00:0[123]$/);
    expect(await json.ask({ type: "query" })).to.include({ state: "scheduled", available: 10 });
    expect(await ws.next()).to.equal("AVISO: Venda aberta");
    expect(await json.untilType("notice")).to.include({ kind: "opened", sale: "default" });
    expect(await ws.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
  });

  it("says in the log when that is", async () => {
    const { httpPort, listening } = await spawnServer(["--memory", "--opens-at", "+10m"]);
    const { opensAt } = (await ask(httpPort, "GET", "/api/sales/default")).json();
    expect(listening["opensAt"]).to.equal(new Date(opensAt as number).toISOString());
    expect((await spawnServer(["--memory"])).listening).to.not.have.property("opensAt");
  });

  it("opens at its hour although the server was down then", async () => {
    const data = await temporaryDirectory();
    const before = await spawnServer(["--data", data, "--opens-at", "+2s"]);
    const { opensAt } = (await ask(before.httpPort, "GET", "/api/sales/default")).json();
    before.kill("SIGKILL");
    await before.exit;
    await eventually(() => Date.now() > (opensAt as number), "the hour passes");
    const after = await spawnServer(["--data", data]);
    const client = await TextClient.connect(after.tcpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
  });

  it("closes by itself, and refuses from then on", async () => {
    const server = await startTestServer();
    const closesAt = Date.now() + 300;
    const sale = { id: "show", title: "Show", capacity: 5, closesAt };
    expect((await askOrganiser(server.httpPort, "POST", "/sales", sale)).status).to.equal(201);
    const client = await WsClient.connect(server.httpPort, { path: "/vendas/show" });
    await client.messages.until((text) => text === "AVISO: Venda encerrada");
    expect(await client.ask("COMPRAR")).to.equal("ERRO: Venda encerrada");
    expect((await buy(server.httpPort, "k", {}, "show")).json()).to.include({ reason: "closed" });
  });
});
