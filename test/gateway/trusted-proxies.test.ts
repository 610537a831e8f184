/** Whose address counts: the socket's, or the one that a trusted proxy names. What clients make up counts nowhere. */
import { expect } from "chai";
import { Admission } from "../../src/gateway/admission.ts";
import { ClientRates } from "../../src/gateway/http/client-rates.ts";
import { RateLimit } from "../../src/gateway/rate-limit.ts";
import { TrustedProxies } from "../../src/gateway/trusted-proxies.ts";
import { ask, askOrganiser, audit } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { spawnServer, startTestServer, type TestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";

const TRUSTED = ["--trust-proxy", "127.0.0.1"];

describe("trusted proxies", () => {
  const ROWS: readonly (readonly [
    what: string,
    trusted: readonly string[],
    remote: string,
    forwarded: string | undefined,
    client: string,
  ])[] = [
    ["nobody is trusted", [], "192.0.2.1", "203.0.113.9", "192.0.2.1"],
    ["a stranger names another", ["192.0.2.1"], "192.0.2.2", "203.0.113.9", "192.0.2.2"],
    ["a trusted proxy names its client", ["192.0.2.1"], "192.0.2.1", "203.0.113.9", "203.0.113.9"],
    [
      "the client made up what stands to the left",
      ["192.0.2.1"],
      "192.0.2.1",
      "1.1.1.1, 203.0.113.9",
      "203.0.113.9",
    ],
    ["the client names a trusted proxy", ["192.0.2.1"], "192.0.2.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"],
    [
      "two trusted proxies stand between",
      ["192.0.2.0/24"],
      "192.0.2.1",
      "1.1.1.1, 203.0.113.9, 192.0.2.7",
      "203.0.113.9",
    ],
    [
      "a proxy that isn't trusted stands between",
      ["192.0.2.1"],
      "192.0.2.1",
      "203.0.113.9, 192.0.2.7",
      "192.0.2.7",
    ],
    ["all are trusted", ["192.0.2.0/24"], "192.0.2.1", "192.0.2.9, 192.0.2.7", "192.0.2.9"],
    ["the proxy names nobody", ["192.0.2.1"], "192.0.2.1", undefined, "192.0.2.1"],
    ["the header is empty", ["192.0.2.1"], "192.0.2.1", "", "192.0.2.1"],
    ["the last word is no address", ["192.0.2.1"], "192.0.2.1", "203.0.113.9, unknown", "192.0.2.1"],
    ["a word further left is no address", ["192.0.2.0/24"], "192.0.2.1", "<script>, 192.0.2.7", "192.0.2.7"],
    ["the client's port is named too", ["192.0.2.1"], "192.0.2.1", "203.0.113.9:4711", "203.0.113.9"],
    ["an IPv6 client's port is named too", ["::1"], "::1", "[2001:DB8::5]:4711", "2001:db8::5"],
    ["the client is IPv4 as IPv6 writes it", ["::1"], "::1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["the network is IPv6", ["2001:db8::/32"], "2001:db8::1", "203.0.113.9", "203.0.113.9"],
    ["the socket is gone", ["192.0.2.1"], "unknown", "203.0.113.9", "unknown"],
  ];
  for (const [what, trusted, remote, forwarded, client] of ROWS) {
    it(`the client is ${client} where ${what}`, () => {
      const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
      expect(new TrustedProxies(trusted).clientOf(remote, headers)).to.equal(client);
    });
  }

  it("over HTTP and WebSocket the client's address is the scope of a key, on every transport but TCP", async () => {
    const server = await startTestServer(TRUSTED);
    const ana = { "x-forwarded-for": "6.6.6.6, 203.0.113.1" };
    const bia = { "x-forwarded-for": "203.0.113.2" };
    expect((await post(server, ana)).json()).to.include({ remaining: 9 });
    expect((await post(server, ana)).json()).to.include({ remaining: 9 });
    const ws = await WsClient.connect(server.httpPort, { headers: ana });
    expect(await ws.ask("COMPRAR 1 k")).to.equal("Compra realizada. Estoque restante: 9");
    expect((await post(server, bia)).json()).to.include({ remaining: 8 });
    expect((await post(server)).json()).to.include({ remaining: 7 });
    expect(await audit(server.httpPort)).to.include({ sold: 3 });
    const csv = (await askOrganiser(server.httpPort, "GET", "/sales/default/tickets.csv")).text;
    expect(
      csv
        .split("\r\n")
        .slice(1, 4)
        .map((row) => row.split(",")[2]),
    ).to.deep.equal(['"ip:203.0.113.1"', '"ip:203.0.113.2"', '"ip:127.0.0.1"']);
  });

  it("nobody is one without --trust-proxy: the header is nothing", async () => {
    const server = await startTestServer();
    await post(server, { "x-forwarded-for": "203.0.113.1" });
    await post(server, { "x-forwarded-for": "203.0.113.2" });
    expect(await audit(server.httpPort)).to.include({ sold: 1 });
  });

  it("an address that isn't trusted can't speak for others", async () => {
    const server = await startTestServer(["--trust-proxy", "192.0.2.0/24"]);
    await post(server, { "x-forwarded-for": "203.0.113.1" });
    const csv = (await askOrganiser(server.httpPort, "GET", "/sales/default/tickets.csv")).text;
    expect(csv).to.include("ip:127.0.0.1").and.not.include("203.0.113.1");
  });

  it("the command log names the client", async () => {
    const server = await spawnServer(["--memory", ...TRUSTED]);
    await ask(server.httpPort, "GET", "/api/sales/default/audit", {
      headers: { "x-forwarded-for": "203.0.113.77" },
    });
    const line = await server.log.until((text) => text.includes("AUDITAR"));
    expect(JSON.parse(line)).to.include({ ip: "203.0.113.77", via: "http" });
  });

  describe("and sockets for each client", () => {
    const limits = { connections: { perAddress: 2 } };
    const client = { headers: { "x-forwarded-for": "203.0.113.1" } };
    const other = { headers: { "x-forwarded-for": "203.0.113.2" } };

    it("as many as may be are let in; one more gets 1013, another client doesn't notice", async () => {
      const { httpPort } = await startTestServer(TRUSTED, limits);
      const first = await WsClient.connect(httpPort, client);
      await WsClient.connect(httpPort, client);
      expect((await (await WsClient.connect(httpPort, client)).untilClosed()).code).to.equal(1013);
      expect(await (await WsClient.connect(httpPort, other)).ask("CONSULTAR")).to.equal("Estoque atual: 10");
      expect(await first.ask("CONSULTAR")).to.equal("Estoque atual: 10");
      first.close();
      await first.untilClosed();
      await eventually(async () => {
        const next = await WsClient.connect(httpPort, client);
        next.say("CONSULTAR");
        return Promise.race([next.next(), next.untilClosed().then(() => false as const)]).catch(
          () => false as const,
        );
      }, "the place is free again");
    });

    it("a request beyond them is answered 503, and counts no longer than it lasts", async () => {
      const { httpPort } = await startTestServer(TRUSTED, limits);
      for (let i = 0; i < 5; i++)
        expect((await ask(httpPort, "GET", "/healthz", client)).status).to.equal(200);
      await WsClient.connect(httpPort, client);
      await WsClient.connect(httpPort, client);
      const refused = await ask(httpPort, "GET", "/healthz", client);
      expect([refused.status, refused.json()["reason"]]).to.deep.equal([503, "server_full"]);
      expect((await ask(httpPort, "GET", "/healthz", other)).status).to.equal(200);
    });

    it("the proxy itself has no limit of its own", () => {
      const admission = new Admission(10, 2, undefined, (address) => address === "192.0.2.1");
      expect([1, 2, 3].map(() => admission.enter("192.0.2.1"))).to.deep.equal([true, true, true]);
      expect([1, 2, 3].map(() => admission.enter("192.0.2.2"))).to.deep.equal([true, true, false]);
      expect(admission.open).to.equal(5);
    });
  });

  it("each client of one proxied connection has a rate of its own", async () => {
    const { httpPort } = await startTestServer([...TRUSTED, "--rate-limit", "1"]);
    const proxy = await TextClient.connect(httpPort);
    const get = (client: string): string =>
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${client}\r\n\r\n`;
    proxy.write(get("203.0.113.1").repeat(3) + get("203.0.113.2"));
    const answers = await eventually(() => {
      const parts = proxy.received.toString().split(/(?=HTTP\/1\.1 \d)/);
      return parts.length === 4 && parts;
    }, "four answers");
    expect(answers.map((answer) => answer.slice(9, 12))).to.deep.equal(["200", "200", "429", "200"]);
  });

  it("as many clients' rates are known as there may be; who came first begins anew", () => {
    const rates = new ClientRates(() => new RateLimit(1, 1, 0), 2);
    expect(rates.of("a").take(0)).to.equal(0);
    expect(rates.of("b").take(0)).to.equal(0);
    expect(rates.of("a").take(0)).to.be.above(0);
    expect(rates.of("c").take(0)).to.equal(0);
    expect(rates.of("b").take(0)).to.be.above(0);
    expect(rates.of("a").take(0)).to.equal(0);
  });
});

function post({ httpPort }: TestServer, headers: Record<string, string> = {}) {
  return ask(httpPort, "POST", "/api/sales/default/purchases", {
    headers: { ...headers, "idempotency-key": "k" },
  });
}
