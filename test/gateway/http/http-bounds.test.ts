/** What one HTTP client can't do to the others. */
import { connect } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { ask, askOrganiser } from "../../support/http-client.ts";
import { eventually, within } from "../../support/inbox.ts";
import { LIST_REQUEST, startWithSold } from "../../support/long-list.ts";
import { startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";

const CLOSE = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

function statuses(received: Buffer): string[] {
  return received
    .toString("latin1")
    .split(/(?=HTTP\/1\.1 \d)/)
    .map((answer) => answer.slice(9, 12));
}

describe("an HTTP client", () => {
  it("that sends a thousand requests without waiting is told to go after a few, and holds no files", async () => {
    const server = await startTestServer(["--rate-limit", "0"]);
    const client = await TextClient.connect(server.httpPort);
    client.write("GET /page.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000));
    await client.untilEnd();
    const answers = statuses(client.received);
    expect(answers.slice(0, 8)).to.deep.equal(Array.from({ length: 8 }, () => "200"));
    expect(answers.slice(8)).to.deep.equal(["429"]);
    const other = await fetch(`http://127.0.0.1:${server.httpPort}/page.css`);
    expect(other.status).to.equal(200);
  });

  it("that breaks off while it is answered harms nobody, though it asked to upgrade behind that", async () => {
    const server = await startWithSold(200_000);
    const client = await TextClient.connect(server.httpPort);
    client.write(`${LIST_REQUEST}${HANDSHAKE}\r\n`);
    await once(client.socket, "data");
    client.socket.pause();
    client.socket.resetAndDestroy();
    const open = async (): Promise<number> =>
      Number(/^bilheteria_sockets (\d+)$/m.exec((await ask(server.httpPort, "GET", "/metrics")).text)?.[1]);
    await eventually(async () => (await open()) === 2, "it is let go");
    expect(server.faults).to.deep.equal([]);
  });

  it("that takes a long list slowly leaves few places for other lists, and none longer than it is there", async () => {
    const server = await startWithSold(200_000, { http: { readings: 1 } });
    const slow = await TextClient.connect(server.httpPort);
    slow.write(LIST_REQUEST);
    await once(slow.socket, "data");
    slow.socket.pause();
    const list = (): ReturnType<typeof ask> =>
      askOrganiser(server.httpPort, "GET", "/sales/default/tickets.csv");
    expect((await list()).json()).to.include({ status: 503, reason: "busy" });
    slow.socket.destroy();
    await eventually(async () => (await list()).status === 200, "its place is free again");
    expect((await list()).status).to.equal(200);
  });

  it("that goes on after being refused is cut", async () => {
    const server = await startTestServer(["--rate-limit", "2"], { session: { floodRefusals: 3 } });
    const client = await TextClient.connect(server.httpPort);
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(8));
    await client.untilEnd();
    expect(statuses(client.received).filter((status) => status === "200").length).to.be.within(4, 5);
    expect(statuses(client.received).at(-1)).to.equal("429");
  });

  it("gets the page from memory, with an ETag that saves the body, and no part of it", async () => {
    const server = await startTestServer();
    const first = await fetch(`http://127.0.0.1:${server.httpPort}/`, { headers: { range: "bytes=5-2" } });
    expect(first.status).to.equal(200);
    expect(first.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(first.headers.get("cache-control")).to.equal("no-cache");
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(`http://127.0.0.1:${server.httpPort}/`, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).to.deep.equal([304, ""]);
    expect((await fetch(`http://127.0.0.1:${server.httpPort}/..%2fpackage.json`)).status).to.equal(404);
  });

  it("that offers HTTP/2 is answered in HTTP/1.1, body and all", async () => {
    const server = await startTestServer();
    const offer =
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const client = await TextClient.connect(server.httpPort);
    client.write(
      `POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\n${offer}Idempotency-Key: k\r\nContent-Length: 14\r\n\r\n{"quantity":2}`,
    );
    client.write(CLOSE);
    await client.untilEnd();
    expect(statuses(client.received)).to.deep.equal(["201", "200"]);
    expect(client.received.toString()).to.include('"remaining":8');
  });

  it("that asks whether to continue behind another request gets both answers whole", async () => {
    const server = await startTestServer();
    const page = await (await fetch(`http://127.0.0.1:${server.httpPort}/`)).text();
    const client = await TextClient.connect(server.httpPort);
    client.write("PUT / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.write("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    await client.untilEnd();
    expect(statuses(client.received)).to.deep.equal(["405", "200"]);
    expect(client.received.toString().split("\r\n\r\n").at(-1)).to.equal(page);
  });

  it("that asks whether to continue is told so", async () => {
    const server = await startTestServer();
    const client = await TextClient.connect(server.httpPort);
    const head = "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\n";
    client.write(`${head}Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`);
    await eventually(() => client.received.length > 0, "an answer comes");
    expect(client.received.toString()).to.equal("HTTP/1.1 100 Continue\r\n\r\n");
    client.write("{}");
    await client.untilEnd();
    expect(statuses(client.received)).to.deep.equal(["100", "201"]);
  });

  for (const [what, bytes] of [
    ["sends what isn't HTTP", "COMPRAR\n"],
    ["wants a WebSocket with a foreign Origin", `${HANDSHAKE}Origin: https://evil.example\r\n\r\n`],
    ["has its last answer already", "GET /nada HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ["wants a tunnel", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"],
  ] as const) {
    it(`that ${what} and goes on sending still reads the answer`, async () => {
      const server = await startTestServer();
      for (let i = 0; i < 3; i++) {
        const client = await TextClient.connect(server.httpPort);
        // It reads when it has said all: had it been reset, its next write would fail and there were nothing to read.
        client.socket.pause();
        client.write(bytes + "x".repeat(500_000));
        for (let more = 0; more < 5; more++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          client.write("x");
        }
        client.finish();
        client.socket.resume();
        await client.untilEnd();
        expect(client.received.toString(), `try ${i + 1}`).to.match(/^HTTP\/1\.1 4\d\d .*"reason":/s);
      }
    });
  }

  it("that was refused and doesn't leave is cut", async () => {
    const server = await startTestServer([], { lastWords: { patienceMs: 100 } });
    const client = await TextClient.connect(server.httpPort);
    client.write("COMPRAR\n");
    await client.untilEnd();
    const writing = setInterval(() => client.write("x"), 20);
    await within(
      new Promise((resolve) => client.socket.once("close", resolve)),
      "the server cuts it",
    ).finally(() => clearInterval(writing));
  });

  it("that went away before it was accepted buys nothing", async () => {
    const server = await startTestServer(["--stock", "5"]);
    for (const port of [server.httpPort, server.tcpPort]) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.write("COMPRAR 1 chave-1\n");
      socket.resetAndDestroy();
    }
    const client = await TextClient.connect(server.tcpPort);
    const answer = await client.ask("COMPRAR 1 chave-1");
    expect(answer).to.equal("Compra realizada. Estoque restante: 4");
  });

  it("may buy without a body, and open a sale by a date with a zone", async () => {
    const server = await startTestServer();
    const base = `http://127.0.0.1:${server.httpPort}/api`;
    const headers = { "idempotency-key": "k", authorization: "Bearer the-organiser-of-the-tests" };
    const bought = await fetch(`${base}/sales/default/purchases`, { method: "POST", headers });
    expect(bought.status).to.equal(201);
    const create = (opensAt: unknown): Promise<Response> =>
      fetch(`${base}/admin/sales`, {
        method: "POST",
        headers,
        body: JSON.stringify({ id: "gala", title: "Gala", capacity: 5, opensAt }),
      });
    expect(await (await create("2999-12-01T20:00")).text()).to.include("uma data como");
    const made = await create("2999-12-01T20:00:00-03:00");
    expect([made.status, ((await made.json()) as { opensAt: number }).opensAt]).to.deep.equal([
      201,
      Date.UTC(2999, 11, 1, 23),
    ]);
    const wrong = await fetch(`http://127.0.0.1:${server.httpPort}/vendas/nada`, {
      headers: { accept: "text/html" },
    });
    expect([wrong.status, wrong.headers.get("content-type")]).to.deep.equal([
      404,
      "text/html; charset=utf-8",
    ]);
    expect((await fetch(`${base}/sales/default/audit`, { method: "POST" })).headers.get("allow")).to.equal(
      "GET, HEAD",
    );
  });
});
