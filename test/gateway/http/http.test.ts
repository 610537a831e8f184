/** What HTTP offers beside buying: state, audit, probes, the organiser's routes, and what isn't HTTP at all. */
import { expect } from "chai";
import { ask, askOrganiser, audit, buy } from "../../support/http-client.ts";
import { eventually } from "../../support/inbox.ts";
import { ADMIN_TOKEN, startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";
import { JsonClient, WsClient, type Json } from "../../support/ws-client.ts";

const ORGANISER_ROUTES: readonly (readonly [method: string, path: string, body?: Json])[] = [
  ["POST", "/sales", { id: "show", title: "Show", capacity: 5 }],
  ["POST", "/sales/default/open"],
  ["POST", "/sales/default/pause"],
  ["POST", "/sales/default/close"],
  ["POST", "/sales/default/restock", { quantity: 5 }],
  ["GET", "/sales/default/tickets.csv"],
];

async function metric(port: number, name: string): Promise<number> {
  const { text } = await ask(port, "GET", "/metrics");
  const row = new RegExp(`^${name} (\\S+)$`, "m").exec(text.replaceAll(/[{}]/g, "."));
  return Number(row?.[1]);
}

describe("HTTP", () => {
  describe("state", () => {
    it("GET /api/sales lists the sales", async () => {
      const { httpPort } = await startTestServer(["--title", "Peça — ☂"]);
      const sales = (await ask(httpPort, "GET", "/api/sales")).json() as unknown as Json[];
      expect(sales).to.have.length(1);
      expect(sales[0]).to.include({ sale: "default", title: "Peça — ☂", state: "open", capacity: 10 });
    });

    it("GET /api/sales/:id tells the state now, every figure of it", async () => {
      const { httpPort } = await startTestServer();
      await buy(httpPort, "k", { quantity: 3 });
      const answer = await ask(httpPort, "GET", "/api/sales/default");
      expect(answer.headers["content-type"]).to.equal("application/json; charset=utf-8");
      expect(answer.headers["cache-control"]).to.equal("no-store");
      const sale = answer.json();
      const { position, at, ...rest } = sale;
      expect(rest).to.deep.equal({
        sale: "default",
        title: "Ingressos",
        state: "open",
        capacity: 10,
        available: 7,
        held: 0,
        sold: 3,
        opensAt: null,
        closesAt: null,
      });
      expect(position).to.have.keys("epoch", "offset");
      expect(at).to.be.closeTo(Date.now(), 60_000);
    });

    it("GET /api/sales/:id answers 404 for a sale that doesn't exist", async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, "GET", "/api/sales/nada");
      expect(answer.status).to.equal(404);
      expect(answer.json()).to.include({ reason: "unknown_sale" });
    });

    it("a purchase answers 201 with the receipt, and again when it is repeated", async () => {
      const { httpPort } = await startTestServer();
      const first = await buy(httpPort, "k", { quantity: 2, buyer: "ana" });
      expect(first.status).to.equal(201);
      expect(first.json()).to.include({ type: "receipt", id: "k", sale: "default", remaining: 8, order: 1 });
      expect(first.json()["tickets"]).to.have.length(2);
      await buy(httpPort, "other");
      const again = await buy(httpPort, "k", { quantity: 2, buyer: "ana" });
      expect(again.status).to.equal(201);
      expect(again.text).to.equal(first.text);
    });

    it("a purchase without a quantity buys one", async () => {
      const { httpPort } = await startTestServer();
      expect((await buy(httpPort, "k")).json()).to.include({ remaining: 9 });
    });

    it("HEAD answers like GET, without the body", async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, "HEAD", "/api/sales/default");
      expect(answer.status).to.equal(200);
      expect(Number(answer.headers["content-length"])).to.be.above(100);
      expect(answer.text).to.equal("");
    });
  });

  describe("audit", () => {
    it("tells books that balance and as many live codes as were sold", async () => {
      const { httpPort } = await startTestServer();
      await buy(httpPort, "k", { quantity: 4 });
      const books = await audit(httpPort);
      expect(books).to.include({ capacity: 10, available: 6, held: 0, sold: 4, tickets: 4, balanced: true });
      expect(books["digest"]).to.match(/^[0-9a-f]{16}$/);
      expect(books["offset"]).to.equal(2);
    });

    it("has another digest after another ticket", async () => {
      const { httpPort } = await startTestServer();
      await buy(httpPort, "a");
      const { digest } = await audit(httpPort);
      await buy(httpPort, "b");
      expect((await audit(httpPort))["digest"]).to.not.equal(digest);
    });

    it("answers 404 for a sale that doesn't exist", async () => {
      const { httpPort } = await startTestServer();
      expect((await ask(httpPort, "GET", "/api/sales/nada/audit")).status).to.equal(404);
    });

    it("recounts for the organiser only", async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, "GET", "/api/sales/default/audit?recount=1");
      expect(answer.status).to.equal(401);
      expect(answer.json()).to.include({ reason: "unauthorized" });
    });

    it("says that without a journal there is nothing to recount", async () => {
      const { httpPort } = await startTestServer();
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      const answer = await ask(httpPort, "GET", "/api/sales/default/audit?recount=1", { headers });
      expect(answer.status).to.equal(409);
      expect(answer.json()["detail"]).to.equal("Sem diário em disco não há o que recontar");
    });
  });

  describe("probes", () => {
    it("GET /healthz answers 200", async () => {
      const { httpPort } = await startTestServer();
      expect(await ask(httpPort, "GET", "/healthz")).to.include({ status: 200, text: "ok\n" });
    });

    it("GET /readyz answers 200 whatever the sale's state", async () => {
      const { httpPort } = await startTestServer(["--stock", "1"]);
      await buy(httpPort, "k");
      expect((await ask(httpPort, "GET", "/readyz")).status).to.equal(200);
      await askOrganiser(httpPort, "POST", "/sales/default/close");
      expect((await ask(httpPort, "GET", "/readyz")).status).to.equal(200);
    });

    it("GET /metrics tells what was decided, what is left and who is connected", async () => {
      const { httpPort, tcpPort } = await startTestServer();
      const tcp = await TextClient.connect(tcpPort);
      const ws = await WsClient.connect(httpPort);
      await tcp.ask("COMPRAR 3");
      await ws.ask("COMPRAR 11");
      const answer = await ask(httpPort, "GET", "/metrics");
      expect(answer.headers["content-type"]).to.match(/^text\/plain; version=0\.0\.4/);
      for (const row of [
        'bilheteria_decisions_total{outcome="sold"} 1',
        'bilheteria_available{sale="default"} 7',
        'bilheteria_sold{sale="default"} 3',
        "bilheteria_websocket_connections 1",
        "bilheteria_tcp_connections 1",
        "bilheteria_journal_ready 1",
        "bilheteria_session_faults 0",
      ]) {
        expect(answer.text.split("\n")).to.include(row);
      }
    });

    it("GET / serves the page, and so does /vendas/<id> for a sale that exists", async () => {
      const { httpPort } = await startTestServer();
      const page = await ask(httpPort, "GET", "/");
      expect(page.status).to.equal(200);
      expect(page.headers["content-type"]).to.match(/^text\/html/);
      expect(page.headers["content-security-policy"]).to.include("default-src 'self'");
      expect(page.headers["x-content-type-options"]).to.equal("nosniff");
      expect((await ask(httpPort, "GET", "/vendas/default")).text).to.equal(page.text);
      expect((await ask(httpPort, "GET", "/vendas/nada")).status).to.equal(404);
    });

    it("tells a browser in both languages that there is no such sale, and a program as a problem", async () => {
      const { httpPort } = await startTestServer();
      const page = await ask(httpPort, "GET", "/vendas/nada", { headers: { accept: "text/html,*/*;q=0.8" } });
      expect(page.status).to.equal(404);
      expect(page.headers["content-type"]).to.match(/^text\/html/);
      expect(page.text)
        .to.include("Não há venda neste endereço.")
        .and.include("There is no sale at this address.");
      const problem = await ask(httpPort, "GET", "/vendas/nada");
      expect(problem.status).to.equal(404);
      expect(problem.json()).to.include({ reason: "unknown_sale" });
    });
  });

  describe("the organiser's routes", () => {
    for (const [method, path, body] of ORGANISER_ROUTES) {
      const given = body === undefined ? {} : { body };

      it(`${method} ${path} does nothing without the token`, async () => {
        const { httpPort } = await startTestServer();
        const before = (await ask(httpPort, "GET", "/api/sales")).text;
        const tokens = ["", "Bearer", "Bearer wrong", `Basic ${ADMIN_TOKEN}`, `Bearer ${ADMIN_TOKEN}x`];
        for (const authorization of tokens) {
          const answer = await ask(httpPort, method, `/api/admin${path}`, {
            ...given,
            headers: { authorization },
          });
          expect(answer.status, authorization).to.equal(401);
        }
        const none = await ask(httpPort, method, `/api/admin${path}`, given);
        expect(none.status).to.equal(401);
        expect((await ask(httpPort, "GET", "/api/sales")).text).to.equal(before);
      });

      it(`${method} ${path} works with the token`, async () => {
        const { httpPort } = await startTestServer();
        const answer = await askOrganiser(httpPort, method, path, body);
        expect(answer.status).to.equal(path === "/sales" ? 201 : 200);
      });
    }

    for (const path of ["open", "pause", "close", "restock", "tickets.csv"]) {
      it(`answer 404 for ${path} of a sale that doesn't exist`, async () => {
        const { httpPort } = await startTestServer();
        const method = path === "tickets.csv" ? "GET" : "POST";
        const body = path === "restock" ? { quantity: 1 } : undefined;
        const answer = await askOrganiser(httpPort, method, `/sales/nada/${path}`, body);
        expect(answer.status).to.equal(404);
        expect(answer.json()).to.include({ reason: "unknown_sale" });
      });
    }

    it("a new sale is told as it was asked for", async () => {
      const { httpPort } = await startTestServer();
      const opensAt = Date.now() + 3_600_000;
      const sale = { id: "show", title: " Show de ☂ ", capacity: 7, opensAt, closesAt: opensAt + 1 };
      const created = (await askOrganiser(httpPort, "POST", "/sales", sale)).json();
      expect(created).to.include({ sale: "show", title: "Show de ☂", state: "scheduled", capacity: 7 });
      expect(created).to.include({ available: 7, sold: 0, opensAt, closesAt: opensAt + 1 });
      const { position: _position, ...rest } = created;
      expect((await ask(httpPort, "GET", "/api/sales/show")).json()).to.include(rest);
    });

    for (const [what, body] of [
      ["an id with a slash", { id: "a/b", title: "x", capacity: 1 }],
      ["no title", { id: "a", title: " ", capacity: 1 }],
      ["a title that steers a terminal", { id: "a", title: "\u001b[31mx", capacity: 1 }],
      ["no capacity", { id: "a", title: "x" }],
      ["a capacity of 0", { id: "a", title: "x", capacity: 0 }],
      ["half a ticket", { id: "a", title: "x", capacity: 0.5 }],
      ["a time that isn't a number", { id: "a", title: "x", capacity: 1, opensAt: "amanhã" }],
      ["an hour under another name", { id: "a", title: "x", capacity: 1, opens_at: 4e12 }],
    ] as const) {
      it(`a sale with ${what} is refused as bad_body`, async () => {
        const { httpPort } = await startTestServer();
        const answer = await askOrganiser(httpPort, "POST", "/sales", body);
        expect(answer.status).to.equal(400);
        expect(answer.json()).to.include({ reason: "bad_body" });
      });
    }

    it("opening what is open changes nothing and isn't announced", async () => {
      const { httpPort } = await startTestServer();
      const ws = await WsClient.connect(httpPort);
      const before = (await ask(httpPort, "GET", "/api/sales/default")).json();
      const answer = (await askOrganiser(httpPort, "POST", "/sales/default/open")).json();
      expect(answer["position"]).to.deep.equal(before["position"]);
      expect(await ws.ask("AJUDA")).to.match(/^Comandos/);
    });

    it("tickets.csv holds every ticket in the order of arrival", async () => {
      const { httpPort } = await startTestServer();
      const bought: string[] = [];
      for (const [key, quantity, buyer] of [
        ["a", 2, "ana"],
        ["b", 1, "-bia"],
        ["c", 3, undefined],
      ] as const) {
        const receipt = (
          await buy(httpPort, key, buyer === undefined ? { quantity } : { quantity, buyer })
        ).json();
        const name = buyer === undefined ? '"ip:127.0.0.1"' : buyer === "-bia" ? `"'-bia"` : '"ana"';
        const at = new Date(receipt["at"] as number).toISOString();
        for (const { code } of receipt["tickets"] as { code: string }[]) {
          bought.push(`${String(receipt["order"])},${code},${name},${at}`);
        }
      }
      const answer = await askOrganiser(httpPort, "GET", "/sales/default/tickets.csv");
      expect(answer.headers["content-type"]).to.equal("text/csv; charset=utf-8");
      expect(answer.headers["content-disposition"]).to.equal('attachment; filename="default-tickets.csv"');
      expect(answer.text).to.equal(["order,code,buyer,at", ...bought, ""].join("\r\n"));
    });

    it("tickets.csv of thousands of tickets comes whole", async () => {
      const { httpPort, tcpPort } = await startTestServer(["--stock", "20000", "--rate-limit", "0"]);
      const client = await TextClient.connect(tcpPort);
      client.write("COMPRAR 10\n".repeat(1_000));
      await client.lines.take(1_000);
      const { text } = await askOrganiser(httpPort, "GET", "/sales/default/tickets.csv");
      const rows = text.trimEnd().split("\r\n").slice(1);
      expect(new Set(rows.map((row) => row.split(",")[1])).size).to.equal(10_000);
    });
  });

  describe("what isn't HTTP", () => {
    it("gets one clear answer and the connection is closed", async () => {
      const { httpPort } = await startTestServer();
      const client = await TextClient.connect(httpPort);
      client.write("COMPRAR\n\n");
      await client.untilEnd();
      const [head = "", body = ""] = client.received.toString().split("\r\n\r\n");
      expect(head)
        .to.match(/^HTTP\/1\.1 400 /)
        .and.include("application/problem+json");
      expect(JSON.parse(body)).to.include({ status: 400, reason: "bad_body", detail: "O pedido não é HTTP" });
    });

    it("is answered 431 when the header is too long", async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, "GET", "/", { headers: { "x-long": "x".repeat(9_000) } });
      expect(answer.status).to.equal(431);
    });

    it("is answered 408 when the request never comes whole", async () => {
      const { httpPort } = await startTestServer([], { http: { headersMs: 100 } });
      const client = await TextClient.connect(httpPort);
      client.write("GET / HTTP/1.1\r\n");
      await client.untilEnd();
      expect(client.received.toString())
        .to.match(/^HTTP\/1\.1 408 /)
        .and.include("O pedido demorou demais");
    });

    it("a client that goes away within its body is nobody's fault", async () => {
      const { httpPort } = await startTestServer([], { http: { metricsMs: 0 } });
      for (let i = 0; i < 3; i++) {
        const client = await TextClient.connect(httpPort);
        client.write(
          "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 90\r\n\r\n{",
        );
        await eventually(async () => (await metric(httpPort, "bilheteria_sockets")) === 2, "it is connected");
        client.socket.resetAndDestroy();
        await eventually(async () => (await metric(httpPort, "bilheteria_sockets")) === 1, "it is gone");
      }
      expect(await metric(httpPort, "bilheteria_session_faults")).to.equal(0);
      expect(await audit(httpPort)).to.include({ sold: 0 });
    });

    it("an address that can't be decoded is one that doesn't exist", async () => {
      const { httpPort } = await startTestServer();
      for (const path of ["/%E0%A4%A", "/api/sales/%2e%2e", "/..%2f..%2fpackage.json", "/vendas/%00"]) {
        expect((await ask(httpPort, "GET", path)).status, path).to.equal(404);
      }
    });
  });

  it("what is bought over HTTP is pushed to everybody else", async () => {
    const { httpPort } = await startTestServer();
    const text = await WsClient.connect(httpPort);
    const json = await JsonClient.connect(httpPort);
    await json.ask({ type: "subscribe" });
    await buy(httpPort, "k");
    expect(await text.next()).to.equal("ESTOQUE: 9");
    expect(await json.untilType("stock")).to.include({ available: 9, sold: 1 });
  });
});
