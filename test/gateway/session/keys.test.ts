/** One key buys once, whatever it comes over. */
import { expect } from "chai";
import { askOrganiser, audit, buy } from "../../support/http-client.ts";
import { startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";
import { JsonClient, WsClient, type Json } from "../../support/ws-client.ts";

describe("keys", () => {
  it("one key gets the same receipt over every transport", async () => {
    const { httpPort, tcpPort } = await startTestServer();
    const tcp = await TextClient.connect(tcpPort);
    expect(await tcp.ask("COMPRAR 2 k")).to.equal("Compra realizada. Estoque restante: 8");
    const codes = (await tcp.ask("INGRESSOS")).split(": ")[1]!.split(", ").toSorted();
    await tcp.ask("COMPRAR 5");
    const ws = await WsClient.connect(httpPort);
    expect(await ws.ask("COMPRAR 2 k")).to.equal("Compra realizada. Estoque restante: 8");
    expect((await ws.ask("INGRESSOS")).split(": ")[1]!.split(", ").toSorted()).to.deep.equal(codes);
    const overHttp = (await buy(httpPort, "k", { quantity: 2 })).json();
    const json = await JsonClient.connect(httpPort);
    const overJson = await json.ask({ type: "buy", id: "k", quantity: 2 });
    expect(overJson).to.deep.equal(overHttp);
    expect(overJson).to.include({ remaining: 8, order: 1 });
    expect((overJson["tickets"] as { code: string }[]).map(({ code }) => code).toSorted()).to.deep.equal(
      codes,
    );
    expect(await audit(httpPort)).to.include({ sold: 7 });
  });

  it("a key said twice in one burst buys once", async () => {
    const { httpPort, tcpPort } = await startTestServer();
    const tcp = await TextClient.connect(tcpPort);
    tcp.write("COMPRAR 1 k\nCOMPRAR 1 k\nCOMPRAR 1 k\n");
    const line = "Compra realizada. Estoque restante: 9";
    expect(await tcp.lines.take(3)).to.deep.equal([line, line, line]);
    expect(await audit(httpPort)).to.include({ sold: 1 });
  });

  it("the same key of another buyer is another key", async () => {
    const { httpPort } = await startTestServer();
    const [ana, bia] = [
      await buy(httpPort, "k", { buyer: "ana" }),
      await buy(httpPort, "k", { buyer: "bia" }),
    ];
    expect([ana.json()["remaining"], bia.json()["remaining"]]).to.deep.equal([9, 8]);
    const json = await JsonClient.connect(httpPort);
    expect(await json.ask({ type: "buy", id: "k", quantity: 1, buyer: "ana" })).to.deep.equal(ana.json());
  });

  it("the same key in another sale is another key", async () => {
    const { httpPort } = await startTestServer();
    await askOrganiser(httpPort, "POST", "/sales", { id: "show", title: "Show", capacity: 5 });
    expect((await buy(httpPort, "k")).json()).to.include({ sale: "default", remaining: 9 });
    expect((await buy(httpPort, "k", {}, "show")).json()).to.include({ sale: "show", remaining: 4 });
  });

  it("a key that was refused is free", async () => {
    const { httpPort, tcpPort } = await startTestServer(["--stock", "3"]);
    const tcp = await TextClient.connect(tcpPort);
    expect(await tcp.ask("COMPRAR 4 k")).to.equal("ERRO: Estoque insuficiente. Restam 3");
    await askOrganiser(httpPort, "POST", "/sales/default/pause");
    expect(await tcp.ask("COMPRAR 2 k")).to.equal("ERRO: Venda pausada");
    await askOrganiser(httpPort, "POST", "/sales/default/open");
    expect(await tcp.ask("COMPRAR 2 k")).to.equal("Compra realizada. Estoque restante: 1");
  });

  it("a key that bought gets its receipt whatever the sale's state is now", async () => {
    const { httpPort, tcpPort } = await startTestServer(["--stock", "2"]);
    const tcp = await TextClient.connect(tcpPort);
    await tcp.ask("COMPRAR 2 k");
    await tcp.next();
    expect(await tcp.ask("COMPRAR 2 k")).to.equal("Compra realizada. Estoque restante: 0");
    await askOrganiser(httpPort, "POST", "/sales/default/close");
    expect(await tcp.ask("COMPRAR 2 k")).to.equal("Compra realizada. Estoque restante: 0");
    expect(await tcp.ask("COMPRAR 1 k")).to.equal("ERRO: Chave usada em outro pedido");
  });

  it("a key has 1 to 64 characters", async () => {
    const { tcpPort } = await startTestServer();
    const tcp = await TextClient.connect(tcpPort);
    expect(await tcp.ask(`COMPRAR 1 ${"k".repeat(64)}`)).to.match(/: 9$/);
    expect(await tcp.ask("COMPRAR 1 -")).to.match(/: 8$/);
    expect(await tcp.ask(`COMPRAR 1 ${"k".repeat(65)}`)).to.equal("ERRO: Chave inválida");
  });

  it("a purchase whose connection broke before the answer is answered to the same key elsewhere", async () => {
    const { httpPort, tcpPort } = await startTestServer();
    const broken = await TextClient.connect(tcpPort);
    broken.write("COMPRAR 3 k\n");
    broken.finish();
    await broken.untilEnd();
    const json = await JsonClient.connect(httpPort);
    const receipt: Json = await json.ask({ type: "buy", id: "k", quantity: 3 });
    expect(receipt).to.include({ type: "receipt", remaining: 7 });
    expect(await audit(httpPort)).to.include({ sold: 3 });
  });
});
