/** Clients that hold what they don't use: half requests, silence, thousands of open sockets, answers never read. */
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { cleanup } from "../support/cleanup.ts";
import { ask, buy } from "../support/http-client.ts";
import { eventually } from "../support/inbox.ts";
import { encodeFrame, OPCODE } from "../support/raw-websocket-frame.ts";
import { RawWebSocket } from "../support/raw-websocket.ts";
import { spawnServer, startTestServer, type ListeningProcess } from "../support/start-server.ts";
import { TextClient } from "../support/text-client.ts";
import { WsClient } from "../support/ws-client.ts";

const AVISO = "AVISO: O estoque acabou de esgotar!";

/** Writes these bytes one by one until the connection ends. @returns how many were written. */
async function trickle(client: TextClient, bytes: string, everyMs: number): Promise<number> {
  let ended = false;
  void client.ended.then(() => (ended = true));
  let written = 0;
  for (const byte of bytes) {
    if (ended) break;
    client.write(byte);
    written += 1;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return written;
}

describe("a slow client", () => {
  it("that sends headers byte by byte is answered 408 when their time is over, though it was never silent", async () => {
    const { httpPort } = await startTestServer([], { http: { headersMs: 300 } });
    const client = await TextClient.connect(httpPort);
    const head = `GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ${"x".repeat(2_000)}`;
    expect(await trickle(client, head, 5)).to.be.below(head.length);
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 408 .*O pedido demorou demais/s);
  });

  it("that sends a body byte by byte is answered 408 when its time is over, and buys nothing", async () => {
    const { httpPort } = await startTestServer([], { http: { headersMs: 300, bodyMs: 400 } });
    const client = await TextClient.connect(httpPort);
    client.write(
      "POST /api/sales/default/purchases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\nContent-Length: 2000\r\n\r\n",
    );
    expect(await trickle(client, " ".repeat(2_000), 5)).to.be.below(2_000);
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 408 .*O pedido demorou demais/s);
    expect((await ask(httpPort, "GET", "/api/sales/default")).json()).to.include({ sold: 0 });
  });

  it("that pings and doesn't read is owed pongs up to a bound, and goes on once it reads", async () => {
    const server = await startTestServer();
    const client = await RawWebSocket.connect(server.httpPort);
    client.socket.pause();
    const pings = 100_000;
    for (let i = 0; i < pings; i += 1_000) {
      const frames = Array.from({ length: 1_000 }, (_, j) => {
        const payload = Buffer.alloc(125);
        payload.writeUInt32BE(i + j);
        return encodeFrame(OPCODE.ping, payload);
      });
      client.socket.write(Buffer.concat(frames));
    }
    await new Promise<void>((resolve) => void client.socket.write("", () => resolve()));
    client.socket.resume();
    client.send(OPCODE.text, "CONSULTAR");
    await eventually(() => client.frames.all.some(({ opcode }) => opcode === OPCODE.text), "it is answered");
    const pongs = client.frames.all
      .filter(({ opcode }) => opcode === OPCODE.pong)
      .map(({ payload }) => payload.readUInt32BE(0));
    expect(pongs.length).to.be.within(1_000, pings - 1);
    expect(pongs).to.deep.equal(pongs.toSorted((a, b) => a - b));
    expect(new Set(pongs).size).to.equal(pongs.length);
  });

  for (const transport of ["websocket", "tcp"] as const) {
    it(`that left little unread hears the AVISO once it reads, and once only (${transport})`, async () => {
      const server = await startTestServer(["--rate-limit", "0"], { output: { softBytes: 4_000 } });
      const isTcp = transport === "tcp";
      const slow = isTcp
        ? await TextClient.connect(server.tcpPort)
        : await RawWebSocket.connect(server.httpPort);
      slow.socket.pause();
      // More answers than the system's buffers hold, a few at a time: what is unread beyond them is a few of them, too.
      const help = isTcp ? Buffer.from("AJUDA\n") : encodeFrame(OPCODE.text, Buffer.from("AJUDA"));
      const burst = Buffer.concat(Array.from({ length: 50 }, () => help));
      for (let i = 0; i < 1_500; i++) {
        slow.socket.write(burst);
        await new Promise(setImmediate);
      }
      const other = await WsClient.connect(server.httpPort);
      expect(await other.ask("COMPRAR 10")).to.equal("Compra realizada. Estoque restante: 0");
      const heard = (): number =>
        slow instanceof TextClient
          ? slow.received.toString().split(AVISO).length - 1
          : slow.frames.all.filter(({ payload }) => payload.toString() === AVISO).length;
      expect(heard()).to.equal(0);
      slow.socket.resume();
      await eventually(() => heard() > 0, "it hears the AVISO");
      if (slow instanceof TextClient) slow.say("SAIR");
      else slow.send(OPCODE.text, "SAIR");
      await (slow instanceof TextClient ? slow.untilEnd() : slow.untilCloseCode());
      expect(heard()).to.equal(1);
    });
  }

  it("that sends nothing over HTTP is answered 408 as well", async () => {
    const { httpPort } = await startTestServer([], { http: { headersMs: 300 } });
    const client = await TextClient.connect(httpPort);
    await client.untilEnd();
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 408 /);
  });

  it("that never finishes a WebSocket's handshake is answered 408", async () => {
    const { httpPort } = await startTestServer([], { http: { headersMs: 300 } });
    const client = await TextClient.connect(httpPort);
    client.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    await client.untilEnd();
    expect(client.received.toString()).to.match(/^HTTP\/1\.1 408 /);
  });

  it("that types a line over TCP for as long as it likes is answered at its end, and others at once", async () => {
    const { tcpPort } = await startTestServer();
    const slow = await TextClient.connect(tcpPort);
    expect(await slow.ask("AJUDA")).to.match(/^Comandos/);
    const other = await TextClient.connect(tcpPort);
    for (const byte of "COMPRAR 2") {
      slow.write(byte);
      expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    }
    expect(await slow.ask("")).to.equal("Compra realizada. Estoque restante: 8");
  });

  it("that never ends its line holds no more of it than a line may have", async () => {
    const { tcpPort } = await startTestServer();
    const client = await TextClient.connect(tcpPort);
    client.write("AJUDA\n");
    await client.next();
    client.write("x".repeat(1_000_000));
    expect(await client.next()).to.equal("ERRO: Linha longa demais");
    // The rest of that line was dropped like its beginning: its end answers nothing more.
    expect(await client.ask("\nCONSULTAR")).to.equal("Estoque atual: 10");
  });
});

describe("thousands of open sockets", () => {
  const SILENT = 1_500;

  it("that never speak, on both ports, keep nobody from buying, and are gone when they are gone", async function () {
    this.timeout(60_000);
    const server = await spawnServer(["--memory"]);
    const before = descriptors(server);
    const sockets = [...(await open(server.httpPort, SILENT)), ...(await open(server.tcpPort, SILENT))];
    await eventually(() => descriptors(server) >= before + 2 * SILENT, "all of them are accepted");
    expect((await buy(server.httpPort, "k")).status).to.equal(201);
    expect(await (await TextClient.connect(server.tcpPort)).ask("COMPRAR")).to.match(/^Compra realizada/);
    expect(await (await WsClient.connect(server.httpPort)).ask("COMPRAR")).to.match(/^Compra realizada/);
    for (const socket of sockets) socket.destroy();
    await eventually(() => descriptors(server) <= before + 2, "their descriptors are free");
  });

  it("that come and go at once leave nothing behind", async function () {
    this.timeout(60_000);
    const server = await spawnServer(["--memory"]);
    const witness = await WsClient.connect(server.httpPort);
    const before = descriptors(server);
    for (let round = 0; round < 5; round++) {
      for (const port of [server.httpPort, server.tcpPort]) {
        for (const socket of await open(port, 200)) {
          if (round % 2 === 0) socket.resetAndDestroy();
          else socket.end("COMPRAR");
        }
      }
      witness.say("CONSULTAR");
      await witness.messages.until((text) => text.startsWith("Estoque atual: "));
    }
    // The process may open one or two of its own for good; two thousand came and went.
    await eventually(() => descriptors(server) <= before + 4, "their descriptors are free", 40_000);
    const { text } = await ask(server.httpPort, "GET", "/metrics");
    expect(text).to.include("bilheteria_session_faults 0");
  });
});

describe("readers that never read", () => {
  it("are cut at the hard bound, and keep nobody else from being answered", async function () {
    this.timeout(60_000);
    const readers = 4;
    const { httpPort, tcpPort } = await startTestServer(["--rate-limit", "0", "--stock", "100000"], {
      output: { softBytes: 65_536, hardBytes: 131_072 },
    });
    const flood: Socket[] = [];
    for (let i = 0; i < readers; i++) {
      const client = await TextClient.connect(tcpPort);
      client.socket.pause();
      flood.push(client.socket);
    }
    const other = await TextClient.connect(tcpPort);
    const burst = "AJUDA\n".repeat(50_000);
    let left = 100_000;
    await eventually(
      async () => {
        for (const socket of flood) if (socket.writableLength < 1_000_000) socket.write(burst);
        left -= 1;
        expect(await other.ask("COMPRAR")).to.equal(`Compra realizada. Estoque restante: ${left}`);
        return flood.every((socket) => socket.destroyed);
      },
      "each of them is cut",
      45_000,
    );
    expect((await ask(httpPort, "GET", "/healthz")).status).to.equal(200);
  });
});

function descriptors({ pid }: ListeningProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** So many at once that the system's queue of connections holds them. */
async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () =>
      connect(port, "127.0.0.1"),
    );
    await Promise.all(
      some.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.once("connect", resolve).once("error", reject);
          }),
      ),
    );
    for (const socket of some) {
      socket.on("error", () => {});
      cleanup(() => socket.destroy());
    }
    sockets.push(...some);
  }
  return sockets;
}
