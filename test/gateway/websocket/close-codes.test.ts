/** Why a connection ends, and what its client is told. Limits are made small where a code would take long to earn. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { LIMITS } from "../../../src/limits.ts";
import { descriptorLimit } from "../../../src/descriptors.ts";
import { ask } from "../../support/http-client.ts";
import { eventually, within } from "../../support/inbox.ts";
import { encodeFrame, OPCODE } from "../../support/raw-websocket-frame.ts";
import { RawWebSocket } from "../../support/raw-websocket.ts";
import { ALONE, startTestServer, type SomeLimits } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";
import { JsonClient, WsClient } from "../../support/ws-client.ts";

const NEVER_MS = 3_600_000;

describe("close codes", () => {
  it("1000 after SAIR, behind the goodbye", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("SAIR")).to.equal("Até logo");
    expect(await client.untilClosed()).to.deep.equal({ code: 1000, reason: "" });
  });

  it("1000 answers a client that closes with 1000", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    client.socket.close(1000);
    expect((await client.untilClosed()).code).to.equal(1000);
  });

  it("1001 comes to everybody when the server stops, after the answers that were due", async () => {
    const server = await startTestServer();
    const text = await WsClient.connect(server.httpPort);
    const json = await JsonClient.connect(server.httpPort);
    const tcp = await TextClient.connect(server.tcpPort);
    await tcp.ask("COMPRAR");
    expect(await text.next()).to.equal("ESTOQUE: 9");
    await server.stop();
    expect((await text.untilClosed()).code).to.equal(1001);
    expect((await json.ws.untilClosed()).code).to.equal(1001);
    await tcp.untilEnd();
    expect(tcp.lines.all).to.deep.equal(["Compra realizada. Estoque restante: 9"]);
  });

  for (const [what, send] of [
    ["a frame that isn't masked", (ws) => ws.send(OPCODE.text, "CONSULTAR", { masked: false })],
    ["a reserved bit", (ws) => ws.send(OPCODE.text, "CONSULTAR", { reserved: 4 })],
    ["an opcode that doesn't exist", (ws) => ws.send(3, "CONSULTAR")],
    ["a continuation of nothing", (ws) => ws.send(OPCODE.continuation, "CONSULTAR")],
    ["a ping in pieces", (ws) => ws.send(OPCODE.ping, "x", { final: false })],
    ["a close code that may not be sent", (ws) => ws.send(OPCODE.close, Buffer.from([0x03, 0xed]))],
  ] as const satisfies readonly (readonly [string, (ws: RawWebSocket) => void])[]) {
    it(`1002 for ${what}`, async () => {
      const server = await startTestServer();
      const ws = await RawWebSocket.connect(server.httpPort);
      send(ws);
      expect(await ws.untilCloseCode()).to.equal(1002);
      const other = await WsClient.connect(server.httpPort);
      expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    });
  }

  it("1007 for a text message that isn't UTF-8", async () => {
    const server = await startTestServer();
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.send(OPCODE.text, Buffer.from([0x43, 0xff, 0xfe]));
    expect(await ws.untilCloseCode()).to.equal(1007);
  });

  it("1009 for a message over 4 KiB, and none for one of 4 KiB", async () => {
    const server = await startTestServer();
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.send(OPCODE.text, "x".repeat(4_096));
    expect((await ws.frames.next()).payload.toString()).to.equal("ERRO: Linha longa demais");
    ws.send(OPCODE.text, "x".repeat(4_097));
    expect(await ws.untilCloseCode()).to.equal(1009);
  });

  it("1009 for a message over 4 KiB in fragments", async () => {
    const server = await startTestServer();
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.send(OPCODE.text, "x".repeat(3_000), { final: false });
    ws.send(OPCODE.continuation, "x".repeat(3_000));
    expect(await ws.untilCloseCode()).to.equal(1009);
  });

  it("1008 for flooding on after hundreds of refusals, each of which was answered", async () => {
    const server = await startTestServer(["--rate-limit", "1"], {
      session: { floodRefusals: 50, floodCloseMs: 10 },
    });
    const client = await WsClient.connect(server.httpPort);
    for (let i = 0; i < 100; i++) client.say("CONSULTAR");
    expect((await client.untilClosed()).code).to.equal(1008);
    expect(client.messages.all.slice(0, 2)).to.deep.equal(["Estoque atual: 10", "Estoque atual: 10"]);
    expect(client.messages.all.slice(2)).to.deep.equal(
      Array.from({ length: 50 }, () => "ERRO: Muitas requisições. Tente em 1 s"),
    );
  });

  it("1008 comes late, so that a flood can't begin anew at once: until then nothing more is read", async () => {
    const limits = { session: { floodRefusals: 50, floodCloseMs: NEVER_MS } };
    const server = await startTestServer(["--rate-limit", "1"], limits);
    const flood = await TextClient.connect(server.tcpPort);
    flood.write("CONSULTAR\n".repeat(100));
    await flood.lines.take(52);
    flood.write("CONSULTAR\n".repeat(100));
    const other = await TextClient.connect(server.tcpPort);
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    expect(flood.lines.all).to.have.length(52);
    await server.stop();
    await flood.untilEnd();
    expect(flood.lines.all).to.have.length(52);
  });

  it("raw TCP that floods on is closed too, after the last refusal", async () => {
    const server = await startTestServer(["--rate-limit", "1"], {
      session: { floodRefusals: 50, floodCloseMs: 10 },
    });
    const client = await TextClient.connect(server.tcpPort);
    client.write("CONSULTAR\n".repeat(100));
    await client.untilEnd();
    expect(client.lines.all).to.have.length(52);
  });

  it("a flood is refused 200 times and more before the close", async () => {
    const server = await startTestServer([], { session: { floodCloseMs: 10 } });
    const client = await TextClient.connect(server.tcpPort);
    client.write("AJUDA\n".repeat(5_000));
    await client.untilEnd();
    const refused = client.lines.all.filter((line) => line.startsWith("ERRO: Muitas"));
    expect(refused.length).to.be.at.least(200);
    expect(client.lines.all.length).to.be.below(5_000);
  });

  describe("when the server is full", () => {
    /** Room for two sockets, whatever this machine allows. Each process has room of its own, so here is one. */
    const limits: SomeLimits = {
      connections: { reservedDescriptors: descriptorLimit(LIMITS.connections.fallbackTotal) - 2 },
    };

    it("a WebSocket is closed with 1013 after the handshake", async () => {
      const server = await startTestServer(ALONE, limits);
      const first = await WsClient.connect(server.httpPort);
      await WsClient.connect(server.httpPort);
      const third = await WsClient.connect(server.httpPort);
      expect((await third.untilClosed()).code).to.equal(1013);
      expect(third.messages.all).to.deep.equal([]);
      expect(await first.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    });

    it("TCP is told ERRO: Servidor lotado and closed", async () => {
      const server = await startTestServer(ALONE, limits);
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      await (await WsClient.connect(server.httpPort)).ask("AJUDA");
      const third = await TextClient.connect(server.tcpPort);
      await third.untilEnd();
      expect(third.received.toString()).to.equal("ERRO: Servidor lotado\n");
    });

    it("HTTP is answered 503 with Retry-After, and the connection is closed", async () => {
      const server = await startTestServer(ALONE, limits);
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      const answer = await ask(server.httpPort, "GET", "/api/sales");
      expect(answer.status).to.equal(503);
      expect(answer.headers["retry-after"]).to.equal("1");
      expect(answer.headers["connection"]).to.equal("close");
      expect(answer.json()).to.include({ reason: "server_full", detail: "Servidor lotado" });
    });

    it("a place that becomes free is given away again", async () => {
      const server = await startTestServer(ALONE, limits);
      const first = await TextClient.connect(server.tcpPort);
      await first.ask("AJUDA");
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      await first.ask("SAIR");
      first.close();
      await eventually(async () => {
        const next = await TextClient.connect(server.tcpPort);
        return (await next.ask("CONSULTAR")) === "Estoque atual: 10";
      }, "the place is free");
    });

    it("one that was turned away over TCP and won't leave is cut", async () => {
      const server = await startTestServer(ALONE, { ...limits, websocket: { closeTimeoutMs: 100 } });
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      await (await TextClient.connect(server.tcpPort)).ask("AJUDA");
      const socket = connect({ port: server.tcpPort, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {}).resume();
      await once(socket, "end");
      // It never says that it is done; only a reset can end this. Writing shows it.
      const writing = setInterval(() => socket.write("x"), 20);
      await within(closeOf(socket), "the server cuts it").finally(() => {
        clearInterval(writing);
        socket.destroy();
      });
    });
  });

  it("4001 for a WebSocket that reads too slowly for too long, and the others don't notice", async function () {
    this.timeout(60_000);
    const server = await startTestServer(["--rate-limit", "0"], {
      output: { softBytes: 16_384, slowMs: 200 },
      websocket: { pingMs: 600, missedPongs: 1_000_000, closeTimeoutMs: NEVER_MS },
    });
    const slow = await RawWebSocket.connect(server.httpPort);
    const other = await WsClient.connect(server.httpPort);
    slow.socket.pause();
    const burst = "AJUDA\n".repeat(600);
    const flood = setInterval(() => {
      if (slow.socket.writableLength < 1_000_000) for (let i = 0; i < 20; i++) slow.send(OPCODE.text, burst);
    }, 1);
    try {
      await eventually(
        async () =>
          (await ask(server.httpPort, "GET", "/metrics")).text.includes("bilheteria_slow_readers 1"),
        "the slow reader is noticed",
        45_000,
      );
    } finally {
      clearInterval(flood);
    }
    expect(await other.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
    slow.socket.resume();
    expect(await slow.untilCloseCode()).to.equal(4001);
  });

  it("TCP that reads too slowly for too long is cut", async function () {
    this.timeout(60_000);
    const server = await startTestServer(["--rate-limit", "0"], {
      output: { softBytes: 16_384, slowMs: 200 },
    });
    const slow = connect({ port: server.tcpPort, host: "127.0.0.1" });
    slow.on("error", () => {}).pause();
    await once(slow, "connect");
    const burst = "AJUDA\n".repeat(10_000);
    const flood = setInterval(() => {
      if (slow.writableLength < 1_000_000) slow.write(burst);
    }, 1);
    await within(closeOf(slow), "the server cuts it", 45_000).finally(() => {
      clearInterval(flood);
      slow.destroy();
    });
    const other = await TextClient.connect(server.tcpPort);
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  it("4002 for a WebSocket that never answers a ping; one that does stays", async () => {
    const server = await startTestServer([], { websocket: { pingMs: 120, sweepParts: 4, missedPongs: 2 } });
    const polite = await WsClient.connect(server.httpPort);
    let pings = 0;
    polite.socket.on("ping", () => (pings += 1));
    const silent = await RawWebSocket.connect(server.httpPort);
    expect(await silent.untilCloseCode()).to.equal(4002);
    expect(silent.frames.all.filter(({ opcode }) => opcode === OPCODE.ping)).to.have.length(2);
    await eventually(() => pings >= 4, "the polite one is pinged again and again");
    expect(await polite.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  for (const transport of ["websocket", "tcp"] as const) {
    it(`none for a client that says it sends no more and then doesn't read: it is cut (${transport})`, async () => {
      const server = await startTestServer(["--rate-limit", "0"], {
        output: { softBytes: 2 ** 30, hardBytes: 2 ** 30, slowMs: 300 },
        websocket: { pingMs: 200, sweepParts: 4, missedPongs: 2 },
        http: { metricsMs: 0 },
      });
      const row = new RegExp(`^bilheteria_${transport}_connections 1$`, "m");
      const isOpen = async (): Promise<boolean> =>
        row.test((await ask(server.httpPort, "GET", "/metrics")).text);
      const isTcp = transport === "tcp";
      const { socket } = isTcp
        ? await TextClient.connect(server.tcpPort)
        : await RawWebSocket.connect(server.httpPort);
      socket.pause();
      await eventually(isOpen, "the server counts it");
      const help = isTcp ? Buffer.from("AJUDA\n") : encodeFrame(OPCODE.text, Buffer.from("AJUDA"));
      // More than the system's buffers hold.
      for (let i = 0; i < 200; i++) socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => help)));
      // Its own end may break off: on a slow machine the server has cut it by then.
      socket.on("error", () => {}).end();
      await eventually(async () => !(await isOpen()), "the server cuts it");
    });
  }
});

/** Whether it broke or ended well. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
