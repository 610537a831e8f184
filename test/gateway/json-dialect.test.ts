/** The JSON dialect: hello, state, receipts, presence, resuming, and what is malformed. */
import { expect } from "chai";
import { askOrganiser, buy } from "../support/http-client.ts";
import { startTestServer, type TestServer } from "../support/start-server.ts";
import { JsonClient, WsClient, type Json } from "../support/ws-client.ts";

function restock(server: TestServer): Promise<unknown> {
  return askOrganiser(server.httpPort, "POST", "/sales/default/restock", { quantity: 1 });
}

describe("the JSON dialect", () => {
  it("begins with hello, by which a client sets its clock", async () => {
    const server = await startTestServer(["--title", "Peça"]);
    const client = await JsonClient.connect(server.httpPort);
    const { serverTime, journal, ...rest } = client.hello;
    expect(rest).to.deep.equal({
      type: "hello",
      server: "bilheteria/0.0.0-test",
      protocol: "bilheteria.json.v1",
      sale: "default",
      title: "Peça",
      maxQuantity: 10,
    });
    expect(serverTime).to.be.closeTo(Date.now(), 60_000);
    expect(journal).to.match(/^[0-9a-f]{32}$/);
  });

  it("query is answered with the stock and its own id, or none", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    const { position, at, ...rest } = await client.ask({ type: "query", id: "q1" });
    expect(rest).to.deep.equal({
      type: "stock",
      id: "q1",
      sale: "default",
      state: "open",
      capacity: 10,
      available: 10,
      held: 0,
      sold: 0,
      opensAt: null,
    });
    expect(position).to.have.keys("epoch", "offset");
    expect(at).to.be.a("number");
    expect(await client.ask({ type: "query" })).to.not.have.property("id");
  });

  it("buy is answered with a receipt that has every figure", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    const receipt = await client.ask({ type: "buy", id: "k", quantity: 2, buyer: "ana@example.com" });
    expect(receipt).to.include({ type: "receipt", id: "k", sale: "default", remaining: 8, order: 1 });
    expect(receipt["position"]).to.have.keys("epoch", "offset");
    expect(receipt["at"]).to.be.closeTo(Date.now(), 60_000);
    const codes = (receipt["tickets"] as { code: string }[]).map(({ code }) => code);
    expect(new Set(codes).size).to.equal(2);
  });

  it("order counts durable purchases without gaps, refusals not among them", async () => {
    const server = await startTestServer(["--stock", "5"]);
    const client = await JsonClient.connect(server.httpPort);
    const orders: unknown[] = [];
    for (const [id, quantity] of [
      ["a", 2],
      ["b", 9],
      ["c", 1],
      ["a", 2],
      ["d", 2],
    ] as const) {
      orders.push((await client.ask({ type: "buy", id, quantity }))["order"]);
    }
    expect(orders).to.deep.equal([1, undefined, 2, 1, 3]);
  });

  it("buy without a quantity buys one", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    expect(await client.ask({ type: "buy", id: "k" })).to.include({ remaining: 9 });
  });

  it("hears no stock before it subscribes, then the state at once and each change", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    const witness = await WsClient.connect(server.httpPort);
    await buy(server.httpPort, "a");
    await witness.messages.until((text) => text === "ESTOQUE: 9");
    expect(await client.ask({ type: "subscribe" })).to.include({
      type: "stock",
      available: 9,
      state: "open",
    });
    await buy(server.httpPort, "b");
    expect(await client.untilType("stock")).to.include({ available: 8, sold: 2 });
    await askOrganiser(server.httpPort, "POST", "/sales/default/pause");
    expect(await client.untilType("stock")).to.include({ available: 8, state: "paused" });
    expect(await client.next()).to.include({ type: "notice", kind: "paused" });
  });

  it("tells the state sold_out at the end", async () => {
    const server = await startTestServer(["--stock", "1"]);
    const client = await JsonClient.connect(server.httpPort);
    await client.ask({ type: "subscribe" });
    await buy(server.httpPort, "k");
    expect(await client.untilType("stock")).to.include({ available: 0, sold: 1, state: "sold_out" });
    expect(await client.untilType("notice")).to.include({ kind: "sold_out" });
  });

  it("tells when a scheduled sale opens", async () => {
    const server = await startTestServer(["--opens-at", "+1h"]);
    const client = await JsonClient.connect(server.httpPort);
    const stock = await client.ask({ type: "subscribe" });
    expect(stock).to.include({ state: "scheduled" });
    expect(stock["opensAt"]).to.be.closeTo(Date.now() + 3_600_000, 60_000);
  });

  it("presence tells subscribers how many watch, others not", async () => {
    const server = await startTestServer([], { hub: { presenceMs: 50 } });
    const client = await JsonClient.connect(server.httpPort);
    await client.ask({ type: "subscribe" });
    const presence = async (watching: number): Promise<void> => {
      for (;;) if ((await client.untilType("presence"))["watching"] === watching) return;
    };
    await presence(1);
    const more = await Promise.all([WsClient.connect(server.httpPort), JsonClient.connect(server.httpPort)]);
    await presence(3);
    more[0].close();
    await presence(2);
    expect(await more[1].ask({ type: "query", id: "q" })).to.include({ id: "q" });
    expect(more[0].messages.all).to.deep.equal([]);
  });

  describe("resuming", () => {
    it("tells the notices after a position, oldest first, behind the state", async () => {
      const server = await startTestServer(["--stock", "1"]);
      const first = await JsonClient.connect(server.httpPort);
      const { position } = await first.ask({ type: "subscribe" });
      first.ws.close();
      await buy(server.httpPort, "k");
      await restock(server);
      await askOrganiser(server.httpPort, "POST", "/sales/default/pause");
      const again = await JsonClient.connect(server.httpPort);
      expect(await again.ask({ type: "subscribe", from: position })).to.include({
        type: "stock",
        state: "paused",
      });
      const kinds = [await again.next(), await again.next(), await again.next()].map(({ kind }) => kind);
      expect(kinds).to.deep.equal(["sold_out", "restocked", "paused"]);
      expect(await again.ask({ type: "query", id: "q" })).to.include({ type: "stock", id: "q" });
    });

    it("tells no notice twice: one from the middle gets only what came after", async () => {
      const server = await startTestServer();
      const watcher = await JsonClient.connect(server.httpPort);
      for (let i = 0; i < 3; i++) await restock(server);
      const notices: Json[] = [];
      while (notices.length < 3) notices.push(await watcher.untilType("notice"));
      const again = await JsonClient.connect(server.httpPort);
      await again.ask({ type: "subscribe", from: notices[1]!["position"] });
      expect(await again.next()).to.deep.equal(notices[2]);
      expect(await again.ask({ type: "query", id: "q" })).to.include({ type: "stock", id: "q" });
    });

    it("doesn't tell again what came over this same connection", async () => {
      const server = await startTestServer();
      const client = await JsonClient.connect(server.httpPort);
      const { position } = await client.ask({ type: "query", id: "q" });
      await restock(server);
      await client.untilType("notice");
      client.say({ type: "subscribe", from: position });
      expect(await client.next()).to.include({ type: "stock", available: 11 });
      expect(await client.ask({ type: "query", id: "q2" })).to.include({ id: "q2" });
    });

    it("tells nothing of another epoch", async () => {
      const server = await startTestServer();
      await restock(server);
      const client = await JsonClient.connect(server.httpPort);
      const epoch = ((await client.ask({ type: "query" }))["position"] as { epoch: number }).epoch;
      client.say({ type: "subscribe", from: { epoch: epoch + 1, offset: 0 } });
      expect(await client.next()).to.include({ type: "stock" });
      expect(await client.ask({ type: "query", id: "q" })).to.include({ id: "q" });
    });

    it("tells the last 64 notices", async () => {
      const server = await startTestServer([], { hub: { resumedNotices: 3 } });
      for (let i = 0; i < 5; i++) await restock(server);
      const client = await JsonClient.connect(server.httpPort);
      const { position } = await client.ask({ type: "query" });
      const { epoch, offset } = position as { epoch: number; offset: number };
      client.say({ type: "subscribe", from: { epoch, offset: 0 } });
      await client.untilType("stock");
      const told = [await client.next(), await client.next(), await client.next()];
      const offsets = told.map((notice) => (notice["position"] as { offset: number }).offset);
      expect(offsets).to.deep.equal([offset - 2, offset - 1, offset]);
      expect(await client.ask({ type: "query", id: "q" })).to.include({ id: "q" });
    });
  });

  describe("what is malformed", () => {
    for (const [title, message, words] of [
      ["no JSON", "COMPRAR", "A mensagem não é JSON"],
      ["nothing", "", "A mensagem não é JSON"],
      ["an array", "[]", "Mensagem inválida: um objeto com um type conhecido"],
      ["null", "null", "Mensagem inválida: um objeto com um type conhecido"],
      ["no type", "{}", "Mensagem inválida: campo type"],
      ["an unknown type", '{"type":"sell"}', "Mensagem inválida: campo type"],
      ["a buy without an id", '{"type":"buy"}', "Mensagem inválida: campo id"],
      ["an id that isn't text", '{"type":"query","id":1}', "Mensagem inválida: campo id"],
      [
        "a position that isn't one",
        '{"type":"subscribe","from":{"epoch":1,"offset":-1}}',
        "Mensagem inválida: campo from.offset",
      ],
    ] as const) {
      it(`${title} gets an error message, and the connection goes on`, async () => {
        const server = await startTestServer();
        const client = await JsonClient.connect(server.httpPort);
        client.ws.say(message);
        expect(await client.next()).to.deep.equal({ type: "error", code: "bad_message", message: words });
        expect(await client.ask({ type: "query", id: "q" })).to.include({ type: "stock", id: "q" });
      });
    }

    it("an error carries the id of the message, if it had one", async () => {
      const server = await startTestServer();
      const client = await JsonClient.connect(server.httpPort);
      const answer = await client.ask({ type: "buy", id: "k1", quantity: 1, buyer: "not a buyer!" });
      expect(answer).to.include({ type: "error", code: "bad_message", id: "k1" });
    });

    it("a prototype that a message tries to set is only a name", async () => {
      const server = await startTestServer();
      const client = await JsonClient.connect(server.httpPort);
      client.ws.say('{"type":"query","id":"q","__proto__":{"polluted":true},"constructor":{}}');
      expect(await client.next()).to.include({ type: "stock", id: "q" });
      expect(({} as Json)["polluted"]).to.equal(undefined);
    });
  });
});
