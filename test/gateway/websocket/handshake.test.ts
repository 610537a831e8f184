/** Who may open a WebSocket, and where. What is refused is refused before there is one. */
import { expect } from "chai";
import { JSON_SUBPROTOCOL } from "../../../src/protocol/messages.ts";
import { askOrganiser, ask } from "../../support/http-client.ts";
import { startTestServer } from "../../support/start-server.ts";
import { WsClient } from "../../support/ws-client.ts";

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("the WebSocket handshake", () => {
  for (const path of ["/", "/ws", "/?x=1", "/ws?x=1", "/vendas/default", "/vendas/default/"]) {
    it(`is taken at ${path}`, async () => {
      const { httpPort } = await startTestServer();
      const client = await WsClient.connect(httpPort, { path });
      expect(client.socket.protocol).to.equal("");
      expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    });
  }

  for (const path of ["/vendas/nada", "/vendas/", "/vendas", "/outra", "/ws/x", "/api/sales"]) {
    it(`is refused with 404 at ${path}`, async () => {
      const { httpPort } = await startTestServer();
      const answer = await ask(httpPort, "GET", path, { headers: HANDSHAKE });
      expect(answer.status).to.equal(404);
      expect(answer.headers["content-type"]).to.equal("application/problem+json; charset=utf-8");
      expect(answer.json()).to.include({ status: 404, reason: "unknown_sale", detail: "Venda desconhecida" });
    });
  }

  it("is taken at a sale that was made a moment ago", async () => {
    const { httpPort } = await startTestServer();
    await askOrganiser(httpPort, "POST", "/sales", { id: "show", title: "Show", capacity: 3 });
    const client = await WsClient.connect(httpPort, { path: "/vendas/show" });
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 3");
  });

  for (const offered of ["soap", "bilheteria.json.v2", "BILHETERIA.JSON.V1"]) {
    it(`is refused with 400 for the subprotocol ${offered}`, async () => {
      const { httpPort } = await startTestServer();
      const headers = { ...HANDSHAKE, "sec-websocket-protocol": offered };
      const answer = await ask(httpPort, "GET", "/", { headers });
      expect(answer.status).to.equal(400);
      expect(answer.json()).to.include({
        reason: "unknown_subprotocol",
        detail: "Subprotocolo desconhecido. Use bilheteria.json.v1 ou nenhum",
      });
    });
  }

  it("takes JSON among other subprotocols that are offered", async () => {
    const { httpPort } = await startTestServer();
    const client = await WsClient.connect(httpPort, { protocols: ["soap", JSON_SUBPROTOCOL] });
    expect(client.socket.protocol).to.equal(JSON_SUBPROTOCOL);
  });

  it("never compresses, even if that is offered", async () => {
    const { httpPort } = await startTestServer();
    const client = await WsClient.connect(httpPort);
    expect(client.socket.extensions).to.equal("");
  });

  it("is refused with 400 without a key", async () => {
    const { httpPort } = await startTestServer();
    const { "sec-websocket-key": _key, ...headers } = HANDSHAKE;
    expect((await ask(httpPort, "GET", "/", { headers })).status).to.equal(400);
  });

  describe("and its Origin", () => {
    const ROWS: readonly (readonly [
      title: string,
      origin: (port: number) => string | undefined,
      allowed: boolean,
      flags?: readonly string[],
    ])[] = [
      ["none is allowed", () => undefined, true],
      ["the server's own host is allowed", (port) => `http://127.0.0.1:${port}`, true],
      [
        "its own host over https is allowed, since a proxy may stand in front",
        (port) => `https://127.0.0.1:${port}`,
        true,
      ],
      ["another host is forbidden", () => "https://example.com", false],
      ["another port is forbidden", () => "http://127.0.0.1:1", false],
      ["null is forbidden", () => "null", false],
      ["what isn't an origin is forbidden", () => "127.0.0.1", false],
      ["an empty one is forbidden", () => "", false],
      [
        "a site given with --origin is allowed",
        () => "https://example.com",
        true,
        ["--origin", "https://example.com"],
      ],
      [
        "the second of two given sites is allowed",
        () => "https://b.example",
        true,
        ["--origin", "https://a.example", "--origin", "https://b.example/path"],
      ],
      [
        "a site that only begins like a given one is forbidden",
        () => "https://example.com.evil.org",
        false,
        ["--origin", "https://example.com"],
      ],
      [
        "a given site over another scheme is forbidden",
        () => "http://example.com",
        false,
        ["--origin", "https://example.com"],
      ],
    ];
    for (const [title, origin, allowed, flags = []] of ROWS) {
      it(title, async () => {
        const { httpPort } = await startTestServer(flags);
        const value = origin(httpPort);
        const headers: Record<string, string> = value === undefined ? {} : { origin: value };
        if (allowed) {
          const client = await WsClient.connect(httpPort, { headers });
          expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
          return;
        }
        const answer = await ask(httpPort, "GET", "/", { headers: { ...HANDSHAKE, ...headers } });
        expect(answer.status).to.equal(403);
        expect(answer.json()).to.include({ reason: "forbidden_origin", detail: "Origem não permitida" });
      });
    }
  });
});
