/** How HTTP answers what is out of shape, who may be silent on it, and what the command log says of it. */
import { expect } from "chai";
import { describeRequest } from "../../../src/gateway/describe.ts";
import { textDialect, jsonDialect } from "../../../src/gateway/dialect.ts";
import { cleanup, temporaryDirectory } from "../../support/cleanup.ts";
import { ask, askOrganiser, audit, buy } from "../../support/http-client.ts";
import { eventually } from "../../support/inbox.ts";
import { LIST_REQUEST, startWithSold } from "../../support/long-list.ts";
import { ADMIN_TOKEN, ALONE, spawnServer, startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";
import { WsClient, type Json } from "../../support/ws-client.ts";

const HANDSHAKE = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION = "Sec-WebSocket-Version: 13\r\n";
const H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
/** So that the room is full with the first connection. */
const ONE_CONNECTION = { reservedDescriptors: 1e9 };

/** Sends these bytes and reads until the server ends the connection. */
async function answersTo(port: number, bytes: string): Promise<string[]> {
  const client = await TextClient.connect(port);
  client.write(bytes);
  await client.untilEnd();
  return client.received.toString().split(/(?=HTTP\/1\.1 \d)/);
}

function statusOf(answer: string): number {
  return Number(answer.slice(9, 12));
}

function problemOf(answer: string): Json {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).to.match(/content-type: application\/problem\+json/i);
  return JSON.parse(body) as Json;
}

describe("HTTP out of shape", () => {
  const ROWS: readonly (readonly [
    what: string,
    bytes: string,
    status: number,
    reason: string,
    header?: RegExp,
  ])[] = [
    ["a request without Host", "GET / HTTP/1.1\r\n\r\n", 400, "bad_body"],
    ["an unknown Expect", "GET / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n", 417, "bad_body"],
    ["CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", /^allow: GET/im],
    ["a WebSocket without a key", `GET / HTTP/1.1\r\n${HANDSHAKE}${VERSION}\r\n`, 400, "bad_body"],
    [
      "a WebSocket with a key that is too short",
      `GET / HTTP/1.1\r\n${HANDSHAKE}${VERSION}Sec-WebSocket-Key: abc=\r\n\r\n`,
      400,
      "bad_body",
    ],
    [
      "a WebSocket without a version",
      `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}\r\n`,
      426,
      "bad_body",
      /^sec-websocket-version: 13/im,
    ],
    [
      "a WebSocket of a version that doesn't exist",
      `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}Sec-WebSocket-Version: 99\r\n\r\n`,
      426,
      "bad_body",
      /^sec-websocket-version: 13/im,
    ],
    [
      "a WebSocket that offers a subprotocol twice",
      `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}${VERSION}Sec-WebSocket-Protocol: bilheteria.json.v1, bilheteria.json.v1\r\n\r\n`,
      400,
      "bad_body",
    ],
    [
      "a WebSocket by POST",
      `POST / HTTP/1.1\r\n${HANDSHAKE}${KEY}${VERSION}\r\n`,
      405,
      "method_not_allowed",
      /^allow: GET\r$/im,
    ],
  ];
  for (const [what, bytes, status, reason, header = /^connection: close\r$/im] of ROWS) {
    it(`${what} is answered ${status} with a problem, and closed`, async () => {
      const { httpPort } = await startTestServer();
      const [answer = ""] = await answersTo(httpPort, bytes);
      expect(statusOf(answer)).to.equal(status);
      expect(problemOf(answer)).to.include({ status, reason });
      expect(answer).to.match(header);
    });
  }

  it("a request of HTTP/1.0 needs no Host", async () => {
    const { httpPort } = await startTestServer();
    const [answer = ""] = await answersTo(httpPort, "GET /healthz HTTP/1.0\r\n\r\n");
    expect(statusOf(answer)).to.equal(200);
  });

  for (const [method, path, allow] of [
    ["DELETE", "/", "GET, HEAD"],
    ["POST", "/metrics", "GET, HEAD"],
    ["PUT", "/api/sales/default", "GET, HEAD"],
    ["GET", "/api/sales/default/purchases", "POST"],
    ["GET", "/api/admin/sales", "POST"],
  ] as const) {
    it(`${method} ${path} is answered 405 and told what is allowed`, async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, method, path);
      expect(answer.status).to.equal(405);
      expect(answer.headers.allow).to.equal(allow);
    });
  }

  it("a time before 1970, past the last that a date can be, or null is refused in words that say what is expected", async () => {
    const { httpPort } = await startTestServer();
    for (const opensAt of [
      "0001-01-01T00:00:00Z",
      "2026-12-01T20:00:00",
      "2026-02-30T20:00:00Z",
      -1,
      1.5,
      9e15,
      null,
    ]) {
      const body = { id: "a", title: "A", capacity: 1, opensAt };
      const answer = await askOrganiser(httpPort, "POST", "/sales", body);
      expect(answer.status, String(opensAt)).to.equal(400);
      expect(answer.json()["detail"]).to.match(/^Campo inválido: opensAt\. Use milissegundos .*-03:00$/);
    }
  });
});

describe("an offer of HTTP/2", () => {
  it("is passed over as often as it is made on one connection", async () => {
    const { httpPort } = await startTestServer();
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on("warning", warned);
    cleanup(() => void process.off("warning", warned));
    const client = await TextClient.connect(httpPort);
    for (let i = 1; i <= 12; i++) {
      client.write(`${HEALTH}${H2C}\r\n`);
      await eventually(() => client.received.toString().split("200 OK").length === i + 1, `answer ${i}`);
    }
    expect(await metric(httpPort, "bilheteria_sockets")).to.equal(2);
    // Node warns of listeners that pile up.
    expect(warnings).to.deep.equal([]);
  });

  it("lets nobody in who was turned away", async () => {
    const { httpPort } = await startTestServer(ALONE, { connections: ONE_CONNECTION });
    const guest = await TextClient.connect(httpPort);
    guest.write(`${HEALTH}\r\n`);
    await eventually(() => guest.received.includes("ok\n"), "the first one is in");
    const [answer = ""] = await answersTo(httpPort, `${HEALTH}${H2C}\r\n`);
    expect(statusOf(answer)).to.equal(503);
    guest.write("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await guest.untilEnd();
    // Once: the second coming of the same socket isn't another connection.
    expect(guest.received.toString()).to.match(/^bilheteria_\w*refused\w* 1$/m);
  });

  for (const [what, offer] of [
    ["HTTP/2", H2C],
    ["a WebSocket", `${HANDSHAKE.replace("Host: x\r\n", "")}${KEY}${VERSION}`],
  ] as const) {
    it(`of ${what} behind a request that isn't answered yet doesn't take its answer away`, async () => {
      const { httpPort } = await startTestServer();
      const purchase =
        "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}";
      const answers = await answersTo(httpPort, `${purchase}GET / HTTP/1.1\r\nHost: x\r\n${offer}\r\n`);
      expect(answers.map(statusOf)).to.deep.equal([201]);
      expect(answers[0]).to.include('"remaining":9');
    });
  }

  it("behind requests that aren't answered yet ends the connection", async () => {
    const { httpPort } = await startTestServer();
    const answers = await answersTo(httpPort, `${HEALTH}\r\n`.repeat(2) + `${HEALTH}${H2C}\r\n`);
    expect(answers.length).to.be.at.most(2);
  });
});

describe("what can't be taken, behind a purchase in the same bytes,", () => {
  const BUY =
    "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}";
  const CHUNKED =
    "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: j\r\nTransfer-Encoding: chunked\r\n\r\n";
  const rubbish: readonly (readonly [string, string, number])[] = [
    ["that isn't HTTP", "isto não é HTTP\r\n\r\n", 400],
    ["that wants a tunnel", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405],
    ["with a body that is none", `${CHUNKED}nada\r\n`, 400],
    ["with headers that are too long", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(9_000)}\r\n\r\n`, 431],
  ];
  for (const [what, bytes, status] of rubbish) {
    it(`${what} is refused after the purchase is answered`, async () => {
      const { httpPort } = await startTestServer(["--data", await temporaryDirectory()]);
      const answers = await answersTo(httpPort, `${BUY}${bytes}`);
      expect(answers.map(statusOf)).to.deep.equal([201, status]);
      expect(await audit(httpPort)).to.include({ sold: 1, balanced: true });
    });
  }

  it("is refused at once where the purchase isn't whole", async () => {
    const { httpPort } = await startTestServer();
    expect((await answersTo(httpPort, `${CHUNKED}nada\r\n`)).map(statusOf)).to.deep.equal([400]);
    expect(await audit(httpPort)).to.include({ sold: 0 });
  });
});

describe("a socket that was turned away", () => {
  it("is cut at once when too many others wait to be told why", async () => {
    const { httpPort } = await startTestServer(ALONE, { connections: { ...ONE_CONNECTION, turnedAway: 2 } });
    const guest = await TextClient.connect(httpPort);
    const told = [await TextClient.connect(httpPort), await TextClient.connect(httpPort)];
    const cut = await TextClient.connect(httpPort);
    await cut.untilEnd();
    expect(cut.received.length).to.equal(0);
    for (const client of told) {
      client.write(`${HEALTH}\r\n`);
      await client.untilEnd();
      expect(statusOf(client.received.toString())).to.equal(503);
    }
    guest.write(`${HEALTH}Connection: close\r\n\r\n`);
    await guest.untilEnd();
    expect(statusOf(guest.received.toString())).to.equal(200);
  });
});

describe("an HTTP client that sends no more", () => {
  it("hears what came of its purchase, however long the disk takes, and is closed behind it", async () => {
    const { httpPort } = await startTestServer(["--data", await temporaryDirectory()]);
    for (let i = 0; i < 5; i++) {
      const client = await TextClient.connect(httpPort);
      client.write(
        `POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k${i}\r\nContent-Length: 2\r\n\r\n{}`,
      );
      client.socket.end();
      await client.untilEnd();
      expect(statusOf(client.received.toString())).to.equal(201);
    }
  });

  it("and has asked nothing is closed at once", async () => {
    const { httpPort } = await startTestServer();
    const client = await TextClient.connect(httpPort);
    client.socket.end();
    await client.untilEnd();
    expect(client.received.toString()).to.equal("");
  });
});

describe("silence", () => {
  it("ends no WebSocket", async () => {
    const { httpPort } = await startTestServer([], { http: { silentMs: 100 } });
    const client = await WsClient.connect(httpPort);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  for (const [what, behind] of [
    ["", ""],
    [", though it asks to upgrade behind them", `GET / HTTP/1.1\r\n${HANDSHAKE}${VERSION}${KEY}\r\n`],
  ] as const) {
    it(`ends a connection that doesn't read its answers${what}`, async () => {
      const { httpPort } = await startWithSold(200_000, { http: { silentMs: 300, metricsMs: 0 } });
      const client = await TextClient.connect(httpPort);
      client.socket.pause();
      client.write(`${LIST_REQUEST}${behind}`);
      await eventually(async () => (await metric(httpPort, "bilheteria_sockets")) === 3, "it is connected");
      await eventually(async () => (await metric(httpPort, "bilheteria_sockets")) === 2, "it is cut");
      expect(await metric(httpPort, "bilheteria_session_faults")).to.equal(0);
    });
  }

  it("is none while a long answer is read, though an upgrade was asked for behind it", async () => {
    const { httpPort } = await startWithSold(50_000);
    const client = await TextClient.connect(httpPort);
    client.write(`${LIST_REQUEST}GET / HTTP/1.1\r\n${HANDSHAKE}${VERSION}${KEY}\r\n`);
    await client.untilEnd();
    const received = client.received.toString();
    expect(received.match(/\r\n[0-9]+,/g)).to.have.length(50_000);
    expect(received.match(/HTTP\/1\.1 /g)).to.have.length(1);
  });

  it("ends nobody whose answer isn't there yet", async () => {
    const { httpPort } = await startTestServer([], { http: { silentMs: 100 } });
    const client = await TextClient.connect(httpPort);
    client.write(
      "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n",
    );
    await new Promise((resolve) => setTimeout(resolve, 400));
    client.write("{}");
    await client.untilEnd();
    expect(statusOf(client.received.toString())).to.equal(201);
  });

  it("of a socket that never sends anything ends it, as headers that take too long", async () => {
    const { httpPort } = await startTestServer([], { http: { headersMs: 100 } });
    const client = await TextClient.connect(httpPort);
    await client.untilEnd();
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 408 /);
  });
});

describe("/metrics", () => {
  it("is scraped once for all who ask within a second", async () => {
    const { httpPort } = await startTestServer();
    const [first, second] = await Promise.all([
      ask(httpPort, "GET", "/metrics"),
      ask(httpPort, "GET", "/metrics"),
    ]);
    await buy(httpPort, "k");
    const third = await ask(httpPort, "GET", "/metrics");
    expect([second.text, third.text]).to.deep.equal([first.text, first.text]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await ask(httpPort, "GET", "/metrics")).text).to.include('bilheteria_sold{sale="default"} 1');
  });
});

describe("the command log over HTTP", () => {
  it("says what was asked in the protocol's words, refusals and the organiser's deeds included", async () => {
    const server = await spawnServer([...ALONE, "--memory", "--rate-limit", "1000"]);
    const { httpPort } = server;
    const show = { id: "show", title: "Show", capacity: 5 };
    await ask(httpPort, "POST", "/api/admin/sales", { body: show });
    await askOrganiser(httpPort, "POST", "/sales", { id: "show" });
    await askOrganiser(httpPort, "POST", "/sales", show);
    for (const path of ["pause", "open"]) await askOrganiser(httpPort, "POST", `/sales/show/${path}`);
    await askOrganiser(httpPort, "POST", "/sales/show/restock", { quantity: 2 });
    await askOrganiser(httpPort, "POST", "/sales/default/restock", { quantity: "2" });
    await buy(httpPort, "chave-secreta", { quantity: 2 }, "show");
    await buy(httpPort, "chave-secreta", { quantity: 2 });
    await ask(httpPort, "GET", "/api/sales/default/audit?recount=1");
    await audit(httpPort, "show");
    await askOrganiser(httpPort, "GET", "/sales/show/tickets.csv");
    await askOrganiser(httpPort, "GET", "/sales/nada/tickets.csv");
    const organiser = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } };
    await ask(httpPort, "GET", "/api/sales/show/audit?recount=1", organiser);
    await askOrganiser(httpPort, "POST", "/sales/default/close");
    const lines: string[] = [];
    while (lines.length < 15) {
      const line = JSON.parse(await server.log.next()) as Json;
      if (line["via"] === "http") lines.push(`${String(line["command"])} → ${String(line["outcome"])}`);
    }
    expect(lines).to.deep.equal([
      "CRIAR → unauthorized",
      "CRIAR → bad_body",
      "CRIAR show 5 → stock available=5",
      "PAUSAR venda=show → stock available=5",
      "ABRIR venda=show → stock available=5",
      "REPOR 2 venda=show → stock available=7",
      "REPOR → bad_body",
      "COMPRAR 2 chav… venda=show → sold order=1 remaining=5",
      "COMPRAR 2 chav… → sold order=1 remaining=8",
      "AUDITAR → unauthorized",
      "AUDITAR venda=show → audit balanced=true",
      "INGRESSOS venda=show → ok",
      "INGRESSOS venda=nada → unknown_sale",
      "AUDITAR venda=show → bad_body",
      "ENCERRAR → stock available=8",
    ]);
  });

  it("names each handshake that was refused: where it wanted to, and why", async () => {
    const server = await spawnServer(["--memory"]);
    const opening = `GET /vendas/nada HTTP/1.1\r\n${HANDSHAKE}${KEY}${VERSION}\r\n`;
    const foreign = `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}${VERSION}Origin: https://evil.example\r\n\r\n`;
    const unknown = `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}${VERSION}Sec-WebSocket-Protocol: soap\r\n\r\n`;
    const outdated = `GET / HTTP/1.1\r\n${HANDSHAKE}${KEY}\r\n`;
    const lines: string[] = [];
    for (const bytes of [opening, foreign, unknown, outdated]) {
      await answersTo(server.httpPort, bytes);
      const line = JSON.parse(await server.log.until((text) => text.includes("CONECTAR"))) as Json;
      lines.push(`${String(line["via"])} ${String(line["command"])} → ${String(line["outcome"])}`);
    }
    expect(lines).to.deep.equal([
      "ws CONECTAR venda=nada → unknown_sale",
      "ws CONECTAR → forbidden_origin",
      "ws CONECTAR → unknown_subprotocol",
      "ws CONECTAR → bad_body",
    ]);
  });

  it("names what a flood asked for, and never its key or its query", async () => {
    const server = await spawnServer(["--memory", "--rate-limit", "1"]);
    const client = await TextClient.connect(server.httpPort);
    client.write(`${HEALTH}\r\n`.repeat(2));
    client.write(
      "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: secret\r\nContent-Length: 0\r\n\r\n",
    );
    client.write("GET /page.css?secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await client.untilEnd();
    const refused: unknown[] = [];
    while (refused.length < 2) {
      const line = JSON.parse(await server.log.next()) as Json;
      if (line["outcome"] === "rate_limited") refused.push(line["command"]);
    }
    expect(refused).to.deep.equal(["COMPRAR", "GET /page.css"]);
  });

  it("tells nothing of a JSON message that can't be read", () => {
    const limits = { maxQuantity: 10, lineBytes: 512 };
    for (const text of [
      '["buy","secret"]',
      '"secret"',
      "secret",
      '{"type":"buy","id":"secret"',
      " secret x",
    ]) {
      const request = jsonDialect.parse(text, limits);
      expect(describeRequest(request, text, "json"), text).to.equal("(json)");
    }
    const typo = "COMPRA secret";
    expect(describeRequest(textDialect.parse(typo, limits), typo, "text")).to.equal("COMPRA");
  });
});

async function metric(port: number, name: string): Promise<number> {
  const { text } = await ask(port, "GET", "/metrics");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}
