/** The limits that were promised, by value; and each of them at its bound and one past it, where no other test is. */
import { expect } from "chai";
import { readSettings } from "../../src/config.ts";
import { LIMITS } from "../../src/limits.ts";
import { Mailbox } from "../../src/engine/mailbox.ts";
import type { Envelope } from "../../src/engine/ports.ts";
import { Admission } from "../../src/gateway/admission.ts";
import { ask, buy } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { encodeFrame, OPCODE } from "../support/raw-websocket-frame.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { startTestServer } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";

describe("limits", () => {
  it("are the ones that SECURITY.md and docs/operations.md promise", () => {
    expect(readSettings([], {}).rateLimit).to.equal(50);
    const { websocket, http, session, connections, output, engine } = LIMITS;
    expect({ ...websocket }).to.include({ messageBytes: 4096, fragments: 8, pingMs: 15_000, missedPongs: 2 });
    expect({ ...http }).to.include({
      headerBytes: 8192,
      headersMs: 5_000,
      bodyBytes: 16_384,
      bodyMs: 10_000,
    });
    expect({ ...session }).to.include({ lineBytes: 512, rateBurst: 2 });
    expect({ ...output }).to.include({ softBytes: 262_144, hardBytes: 1_048_576 });
    expect(connections.perAddress).to.equal(1_000);
    expect(engine.mailbox).to.equal(10_000);
  });

  it("headers of almost 8 KiB are taken, more are answered 431", async () => {
    const { httpPort } = await startTestServer();
    // node:http counts the bytes of all names and values, and of the address.
    const withHeaders = (bytes: number) =>
      ask(httpPort, "GET", "/healthz", { headers: { "x-long": "x".repeat(bytes) } });
    expect((await withHeaders(8_000)).status).to.equal(200);
    const refused = await withHeaders(8_192);
    expect([refused.status, refused.json()["reason"]]).to.deep.equal([431, "too_long"]);
  });

  it("a body of 16 KiB is taken, one byte more is answered 413", async () => {
    const { httpPort } = await startTestServer();
    const body = (bytes: number): string => `{"quantity":1}`.padEnd(bytes);
    expect((await buy(httpPort, "k1", body(16_384))).status).to.equal(201);
    const refused = await buy(httpPort, "k2", body(16_385));
    expect([refused.status, refused.json()["reason"]]).to.deep.equal([413, "too_long"]);
    expect((await ask(httpPort, "GET", "/api/sales/default")).json()).to.include({ sold: 1 });
  });

  it("a line of 512 bytes is a command, whatever its end, and one byte more is too long", async () => {
    const { tcpPort } = await startTestServer();
    const client = await TextClient.connect(tcpPort);
    const line = (bytes: number): string => "CONSULTAR".padEnd(bytes);
    for (const end of ["\n", "\r\n"]) {
      client.write(line(512) + end);
      expect(await client.next()).to.equal("Estoque atual: 10");
      client.write(line(513) + end);
      expect(await client.next()).to.equal("ERRO: Linha longa demais");
    }
  });

  it("a hundred commands at once are carried out, what comes beyond is refused", async () => {
    const { tcpPort } = await startTestServer();
    const client = await TextClient.connect(tcpPort);
    client.write("CONSULTAR\n".repeat(300));
    const lines = await client.lines.take(300);
    expect(new Set(lines.slice(0, 100))).to.deep.equal(new Set(["Estoque atual: 10"]));
    // A token comes back every 20 ms, and a busy machine may take a while for these.
    expect(lines.filter((line) => line.startsWith("ERRO: Muitas requisições")).length).to.be.above(50);
  });

  it("the thousandth socket of an address is let in, the next is not; loopback has no such limit", () => {
    const admission = new Admission(10_000, LIMITS.connections.perAddress);
    const enter = (address: string, times: number): number =>
      Array.from({ length: times }, () => admission.enter(address)).filter(Boolean).length;
    expect(enter("192.0.2.1", 1_001)).to.equal(1_000);
    expect(enter("192.0.2.2", 1)).to.equal(1);
    expect(enter("127.0.0.1", 1_001) + enter("::1", 1_001)).to.equal(2_002);
    admission.leave("192.0.2.1");
    expect(enter("192.0.2.1", 2)).to.equal(1);
  });

  it("as many sockets as there may be are let in, from wherever, and none more", () => {
    const admission = new Admission(3, 1_000);
    expect(
      ["127.0.0.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => admission.enter(address)),
    ).to.deep.equal([true, true, true, false]);
  });

  it("the queue takes 10,000 commands, the last 256 of them from the organiser only", () => {
    const mailbox = new Mailbox(LIMITS.engine.mailbox, LIMITS.engine.mailboxReserve);
    const envelope = {} as Envelope;
    const offer = (times: number, organiser: boolean): number =>
      Array.from({ length: times }, () => mailbox.offer(envelope, organiser)).filter(Boolean).length;
    expect(offer(10_001, false)).to.equal(9_744);
    expect(offer(1_000, true)).to.equal(256);
    expect(mailbox.length).to.equal(10_000);
  });

  it("a reader over the hard bound of unread bytes is closed with 4001 at once, however long it may be slow", async function () {
    this.timeout(60_000);
    const never = 3_600_000;
    const server = await startTestServer(["--rate-limit", "0", "--stock", "100000"], {
      output: { softBytes: 16_384, hardBytes: 32_768, slowMs: never },
      websocket: { pingMs: never, closeTimeoutMs: never },
    });
    const slow = await RawWebSocket.connect(server.httpPort);
    const other = await WsClient.connect(server.httpPort);
    slow.socket.pause();
    // As much as one read brings, so that many answers leave before the connection isn't read any more.
    const burst = encodeFrame(OPCODE.text, Buffer.from("AJUDA\n".repeat(600)));
    const flood = setInterval(() => {
      if (slow.socket.writableLength < 1_000_000) for (let i = 0; i < 20; i++) slow.socket.write(burst);
    }, 1);
    try {
      await eventually(
        async () => {
          // A push is what meets the bound.
          await other.ask("COMPRAR");
          return (await ask(server.httpPort, "GET", "/metrics")).text.includes("bilheteria_slow_readers 1");
        },
        "the reader is cut off",
        45_000,
      );
    } finally {
      clearInterval(flood);
    }
    slow.socket.resume();
    expect(await slow.untilCloseCode()).to.equal(4001);
  });
});
