/** What node:http's parser does on real sockets when it is told to stop: this is its inside, and may change with Node. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { stopParsing } from "../../../src/gateway/http/http-parser.ts";
import { cleanup } from "../../support/cleanup.ts";
import { TextClient } from "../../support/text-client.ts";

const ONE = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const BODY = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${ONE.length}\r\n\r\n${ONE}`;

interface Seen {
  requests: number;
  upgrades: number;
  faults: number;
}

/** Answers each request; from the second on it is told to stop. @param prepare called with the first. */
async function start(prepare: (request: IncomingMessage) => void = () => {}) {
  const seen: Seen = { requests: 0, upgrades: 0, faults: 0 };
  const server = createServer((request, response) => {
    seen.requests += 1;
    if (seen.requests === 1) prepare(request);
    if (seen.requests === 2) stopParsing(request.socket);
    response.end(`answer ${seen.requests}`);
  });
  server.on("upgrade", () => (seen.upgrades += 1));
  server.on("clientError", () => (seen.faults += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup(() => {
    server.close();
    server.closeAllConnections();
  });
  const client = await TextClient.connect((server.address() as AddressInfo).port);
  return { seen, client };
}

async function bodies(client: TextClient, count: number): Promise<string[]> {
  const answers = (): string[] => client.received.toString().match(/answer \d+/g) ?? [];
  while (answers().length < count) await new Promise(setImmediate);
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  return answers();
}

describe("node:http's parser, told to stop", () => {
  for (const [what, rest] of [
    ["requests of the same read", ONE.repeat(1_000)],
    ["one that wants to upgrade", UPGRADE + ONE],
    ["what isn't HTTP", "COMPRAR\n\n".repeat(100)],
    ["requests with bodies", BODY.repeat(10)],
    ["half a request", ONE.slice(0, 10)],
  ] as const) {
    it(`shows nobody ${what}, and what was asked before is answered`, async () => {
      const { seen, client } = await start();
      client.write(ONE + BODY + rest);
      expect(await bodies(client, 2)).to.deep.equal(["answer 1", "answer 2"]);
      client.write(rest);
      expect(await bodies(client, 2)).to.have.length(2);
      expect(seen).to.deep.include({ requests: 2, upgrades: 0 });
    });
  }

  it("doesn't take the rest of that read for broken HTTP", async () => {
    const { seen, client } = await start();
    client.write(ONE.repeat(3) + "COMPRAR\n".repeat(100));
    await bodies(client, 2);
    expect(seen.faults).to.equal(0);
  });

  it("stops behind the read where it has no place to be told so", async () => {
    const { seen, client } = await start(({ socket }) => {
      const { parser } = socket as unknown as { parser: { onIncoming: unknown } };
      const { onIncoming } = parser;
      Object.defineProperty(parser, "onIncoming", { get: () => onIncoming, set: () => {} });
      // The parser is used again for other sockets.
      cleanup(() => Reflect.deleteProperty(parser, "onIncoming"));
      socket.once("close", () => Reflect.deleteProperty(parser, "onIncoming"));
    });
    client.write(ONE.repeat(20));
    expect(await bodies(client, 20)).to.have.length(20);
    client.write(ONE.repeat(20));
    expect(await bodies(client, 20)).to.have.length(20);
    expect(seen.requests).to.equal(20);
  });
});
