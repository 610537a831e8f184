/** Who hears what, and when: stock, notices and presence. Silence is shown by the next answer coming next. */
import { expect } from "chai";
import { askOrganiser, buy } from "../support/http-client.ts";
import { startTestServer, type TestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { JsonClient, WsClient, type Json } from "../support/ws-client.ts";

const SOLD_OUT = "AVISO: O estoque acabou de esgotar!";

function organise(server: TestServer, path: string, body?: Json): Promise<unknown> {
  return askOrganiser(server.httpPort, "POST", `/sales/default/${path}`, body);
}

/** Everything that comes before the answer to one more command. */
async function heardBy(client: TextClient | WsClient): Promise<string[]> {
  client.say("AJUDA");
  const inbox = client instanceof TextClient ? client.lines : client.messages;
  const heard: string[] = [];
  for (let line = await inbox.next(); !line.startsWith("Comandos: "); line = await inbox.next())
    heard.push(line);
  return heard;
}

describe("pushes", () => {
  it("ESTOQUE comes to every WebSocket from the start, and not on connect", async () => {
    const server = await startTestServer();
    const watcher = await WsClient.connect(server.httpPort);
    expect(await heardBy(watcher)).to.deep.equal([]);
    await buy(server.httpPort, "k");
    expect(await watcher.next()).to.equal("ESTOQUE: 9");
  });

  it("ESTOQUE doesn't come to a WebSocket after SILENCIAR, and comes again after ASSINAR", async () => {
    const server = await startTestServer();
    const witness = await WsClient.connect(server.httpPort);
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("SILENCIAR")).to.equal("Assinatura cancelada");
    await buy(server.httpPort, "a");
    expect(await witness.next()).to.equal("ESTOQUE: 9");
    expect(await heardBy(client)).to.deep.equal([]);
    expect(await client.ask("ASSINAR")).to.equal("Assinatura ativa");
    expect(await client.next(), "what it missed").to.equal("ESTOQUE: 9");
    await buy(server.httpPort, "b");
    expect(await client.next()).to.equal("ESTOQUE: 8");
    expect(await client.ask("ASSINAR")).to.equal("Assinatura ativa");
    expect(await heardBy(client), "it knows").to.deep.equal([]);
  });

  it("ESTOQUE comes to TCP only after ASSINAR, until SILENCIAR", async () => {
    const server = await startTestServer();
    const witness = await WsClient.connect(server.httpPort);
    const client = await TextClient.connect(server.tcpPort);
    await client.ask("CONSULTAR");
    await buy(server.httpPort, "a");
    await witness.next();
    expect(await heardBy(client)).to.deep.equal([]);
    await client.ask("ASSINAR");
    expect(await client.next(), "what it missed").to.equal("ESTOQUE: 9");
    await buy(server.httpPort, "b");
    expect(await client.next()).to.equal("ESTOQUE: 8");
    await client.ask("SILENCIAR");
    await witness.messages.until((text) => text === "ESTOQUE: 8");
    await buy(server.httpPort, "c");
    expect(await witness.next()).to.equal("ESTOQUE: 7");
    expect(await heardBy(client)).to.deep.equal([]);
  });

  it("ESTOQUE isn't told to the one whose reply told it", async () => {
    const server = await startTestServer();
    const witness = await WsClient.connect(server.httpPort);
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
    expect(await witness.next()).to.equal("ESTOQUE: 9");
    expect(await heardBy(client)).to.deep.equal([]);
  });

  it("ESTOQUE never goes back up while tickets are bought, and ends on the truth", async () => {
    const server = await startTestServer(["--stock", "300", "--rate-limit", "0"]);
    const watcher = await WsClient.connect(server.httpPort);
    const buyers = await Promise.all(Array.from({ length: 10 }, () => TextClient.connect(server.tcpPort)));
    for (const buyer of buyers) buyer.write("COMPRAR\n".repeat(30));
    await Promise.all(buyers.map((buyer) => buyer.lines.take(30)));
    await watcher.messages.until((text) => text === SOLD_OUT);
    const told = watcher.messages.all
      .filter((text) => text.startsWith("ESTOQUE: "))
      .map((text) => Number(text.slice(9)));
    expect(told).to.deep.equal(told.toSorted((a, b) => b - a));
    expect(new Set(told).size).to.equal(told.length);
    expect(told.at(-1)).to.equal(0);
  });

  it("AVISO of the last ticket comes once to everybody who joined before, subscribed or not", async () => {
    const server = await startTestServer(["--stock", "2"]);
    const silent = await WsClient.connect(server.httpPort);
    await silent.ask("SILENCIAR");
    const watching = await WsClient.connect(server.httpPort);
    const tcp = await TextClient.connect(server.tcpPort);
    await tcp.ask("AJUDA");
    const subscribed = await TextClient.connect(server.tcpPort);
    await subscribed.ask("ASSINAR");
    const json = await JsonClient.connect(server.httpPort);
    const buyer = await TextClient.connect(server.tcpPort);
    expect(await buyer.ask("COMPRAR 2")).to.equal("Compra realizada. Estoque restante: 0");
    expect(await buyer.next()).to.equal(SOLD_OUT);
    expect(await silent.next()).to.equal(SOLD_OUT);
    expect(await watching.messages.take(2)).to.deep.equal(["ESTOQUE: 0", SOLD_OUT]);
    expect(await tcp.next()).to.equal(SOLD_OUT);
    expect(await subscribed.lines.take(2)).to.deep.equal(["ESTOQUE: 0", SOLD_OUT]);
    expect(await json.next()).to.include({ type: "notice", kind: "sold_out", sale: "default" });
    const late = await WsClient.connect(server.httpPort);
    expect(await late.ask("COMPRAR")).to.equal("ERRO: Produto esgotado");
    for (const client of [silent, watching, tcp, subscribed, buyer, late]) {
      expect(await heardBy(client)).to.deep.equal([]);
    }
  });

  it("AVISO comes again each time the last ticket is sold", async () => {
    const server = await startTestServer(["--stock", "1"]);
    const watcher = await WsClient.connect(server.httpPort);
    const tcp = await TextClient.connect(server.tcpPort);
    await tcp.ask("AJUDA");
    for (const key of ["a", "b", "c"]) {
      if (key !== "a") await organise(server, "restock", { quantity: 1 });
      expect((await buy(server.httpPort, key)).status).to.equal(201);
      await watcher.messages.until((text) => text === SOLD_OUT);
      expect(await tcp.next()).to.equal(SOLD_OUT);
    }
    expect(watcher.messages.all.filter((text) => text === SOLD_OUT)).to.have.length(3);
  });

  for (const [path, body, words, kind] of [
    ["pause", undefined, "AVISO: Venda pausada", "paused"],
    ["close", undefined, "AVISO: Venda encerrada", "closed"],
    ["restock", { quantity: 5 }, "AVISO: Estoque reposto: 5", "restocked"],
    ["open", undefined, "AVISO: Venda aberta", "opened"],
  ] as const) {
    it(`${words} comes to every WebSocket, and to TCP after ASSINAR only`, async () => {
      const server = await startTestServer(path === "open" ? ["--opens-at", "+1h"] : []);
      const ws = await WsClient.connect(server.httpPort);
      await ws.ask("SILENCIAR");
      const json = await JsonClient.connect(server.httpPort);
      const plain = await TextClient.connect(server.tcpPort);
      await plain.ask("AJUDA");
      const subscribed = await TextClient.connect(server.tcpPort);
      await subscribed.ask("ASSINAR");
      await organise(server, path, body);
      expect(await ws.next()).to.equal(words);
      const notice = await json.next();
      expect(notice).to.include({ type: "notice", kind, sale: "default" });
      expect(notice["position"]).to.have.keys("epoch", "offset");
      if (path === "restock") {
        expect(notice["quantity"]).to.equal(5);
        expect(await subscribed.next()).to.equal("ESTOQUE: 15");
      }
      expect(await subscribed.next()).to.equal(words);
      expect(await heardBy(plain)).to.deep.equal([]);
    });
  }

  it("pushes of one sale don't come to those at another", async () => {
    const server = await startTestServer();
    await askOrganiser(server.httpPort, "POST", "/sales", { id: "show", title: "Show", capacity: 1 });
    const here = await WsClient.connect(server.httpPort);
    const there = await WsClient.connect(server.httpPort, { path: "/vendas/show" });
    await buy(server.httpPort, "k", {}, "show");
    expect(await there.messages.take(2)).to.deep.equal(["ESTOQUE: 0", SOLD_OUT]);
    expect(await heardBy(here)).to.deep.equal([]);
  });

  it("a push that waited while a command was half sent comes even if its line end is swallowed", async () => {
    const never = 3_600_000;
    const limits = { tcp: { bareCommandMs: 20, unterminatedMs: never }, hub: { presenceMs: never } };
    const server = await startTestServer(["--stock", "1"], limits);
    const witness = await WsClient.connect(server.httpPort);
    const client = await TextClient.connect(server.tcpPort);
    client.write("CONSULTAR");
    expect(await client.next()).to.equal("Estoque atual: 1");
    client.write("\r");
    // The answer to somebody who spoke later shows that the carriage return has been read.
    const later = await TextClient.connect(server.tcpPort);
    await later.ask("AJUDA");
    await buy(server.httpPort, "k");
    await witness.messages.until((text) => text === SOLD_OUT);
    client.write("\n");
    expect(await client.next()).to.equal(SOLD_OUT);
  });
});

describe("order on one connection", () => {
  it("answers come in the order of the commands, refusals of every kind in their place", async () => {
    const server = await startTestServer(["--stock", "3"]);
    const said = [
      "COMPRAR",
      "VENDER",
      "CONSULTAR",
      "COMPRAR 0",
      "AJUDA",
      "COMPRAR 9",
      "COMPRAR 1 !",
      "x".repeat(600),
      "COMPRAR 2",
      "COMPRAR",
      "SAIR",
    ];
    const answers = [
      "Compra realizada. Estoque restante: 2",
      "ERRO: Comando desconhecido. Envie AJUDA",
      "Estoque atual: 2",
      "ERRO: Quantidade inválida. Use de 1 a 10",
      "Comandos: CONSULTAR, COMPRAR [quantidade] [chave], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR",
      "ERRO: Estoque insuficiente. Restam 2",
      "ERRO: Chave inválida",
      "ERRO: Linha longa demais",
      "Compra realizada. Estoque restante: 0",
      "ERRO: Produto esgotado",
      "Até logo",
    ];
    const tcp = await TextClient.connect(server.tcpPort);
    tcp.write(said.map((line) => `${line}\n`).join(""));
    await tcp.untilEnd();
    expect(tcp.lines.all.filter((line) => !line.startsWith("AVISO"))).to.deep.equal(answers);
    await organise(server, "restock", { quantity: 3 });
    const ws = await WsClient.connect(server.httpPort);
    for (const line of said) ws.say(line);
    await ws.untilClosed();
    const replies = ws.messages.all.filter((line) => !/^(AVISO|ESTOQUE)/.test(line));
    expect(replies).to.deep.equal(answers);
  });

  it("INGRESSOS after COMPRAR in the same burst names the ticket", async () => {
    const server = await startTestServer();
    const client = await TextClient.connect(server.tcpPort);
    client.write("COMPRAR 2\nINGRESSOS\n");
    expect((await client.lines.take(2))[1]).to.match(/^Ingressos \(2\): /);
  });

  it("ASSINAR after COMPRAR in the same burst is answered after it, and hears only what comes later", async () => {
    const server = await startTestServer();
    const client = await TextClient.connect(server.tcpPort);
    client.write("COMPRAR\nASSINAR\n");
    expect(await client.lines.take(2)).to.deep.equal([
      "Compra realizada. Estoque restante: 9",
      "Assinatura ativa",
    ]);
    await buy(server.httpPort, "k");
    expect(await client.next()).to.equal("ESTOQUE: 8");
  });

  it("subscribe after buy in the same burst is answered with the state after the purchase", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    client.say({ type: "buy", id: "k", quantity: 2 });
    client.say({ type: "subscribe" });
    client.say({ type: "query", id: "q" });
    expect(await client.next()).to.include({ type: "receipt", id: "k" });
    expect(await client.next()).to.include({ type: "stock", available: 8 });
    expect(await client.next()).to.include({ type: "stock", id: "q", available: 8 });
  });

  it("the buyer of the last ticket reads its receipt, then the AVISO", async () => {
    const server = await startTestServer(["--stock", "1"]);
    const ws = await WsClient.connect(server.httpPort);
    ws.say("COMPRAR\nCOMPRAR");
    expect(await ws.messages.take(3)).to.deep.equal([
      "Compra realizada. Estoque restante: 0",
      "ERRO: Produto esgotado",
      SOLD_OUT,
    ]);
  });

  it("thousands of pipelined commands are each answered, in order", async () => {
    const server = await startTestServer(["--stock", "5000", "--rate-limit", "0"]);
    const client = await TextClient.connect(server.tcpPort);
    client.write("COMPRAR\n".repeat(5_000));
    const remaining = (await client.lines.take(5_000)).map((line) => Number(/: (\d+)$/.exec(line)?.[1]));
    expect(remaining).to.deep.equal(Array.from({ length: 5_000 }, (_, i) => 4_999 - i));
  });

  it("on TCP no push comes between a command and its reply", async () => {
    const server = await startTestServer(["--stock", "400", "--rate-limit", "0"]);
    const client = await TextClient.connect(server.tcpPort);
    await client.ask("ASSINAR");
    const other = await TextClient.connect(server.tcpPort);
    for (let i = 0; i < 40; i++) {
      other.write("COMPRAR\n".repeat(5));
      client.write("COMPRAR\nCONSULTAR\n");
      const [bought, stock] = [
        await client.lines.until((line) => line.startsWith("Compra")),
        await client.next(),
      ];
      // Both came in one burst, so both are answered before anything is pushed.
      expect(bought).to.match(/^Compra realizada/);
      expect(stock).to.match(/^Estoque atual/);
    }
  });
});
