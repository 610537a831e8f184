import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import fc from "fast-check";
import { WebSocket, WebSocketServer } from "ws";
import { encodeTextFrame, encodeTextFrames, payloadsOf } from "../../src/gateway/frames.ts";
import { installShortcut } from "../../src/gateway/websocket-reader.ts";
import { createFrameWriter, socketOf } from "../../src/gateway/websocket-writer.ts";

const texts = fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 8 });

describe("what is known of the inside of ws", () => {
  let http: Server;
  let server: WebSocketServer;

  before(async () => {
    http = createServer().listen(0, "127.0.0.1");
    server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 70_000 });
    await once(http, "listening");
  });

  after(() => {
    server.close();
    http.closeAllConnections();
    http.close();
  });

  const port = (): number => (http.address() as AddressInfo).port;

  async function openPair(): Promise<{ inside: WebSocket; outside: WebSocket }> {
    const arrived = once(server, "connection");
    const outside = new WebSocket(`ws://127.0.0.1:${port()}`);
    const [inside] = (await arrived) as [WebSocket];
    if (outside.readyState !== WebSocket.OPEN) await once(outside, "open");
    return { inside, outside };
  }

  it("frames of every length hold the messages that were put in", () => {
    fc.assert(
      fc.property(texts, (messages) => {
        const payloads = [...payloadsOf(encodeTextFrames(messages))].map(String);
        expect(payloads).to.deep.equal(messages.map((text) => Buffer.from(text).toString()));
      }),
    );
    for (const size of [0, 125, 126, 65_535, 65_536]) {
      const [payload] = payloadsOf(encodeTextFrame("x".repeat(size)));
      expect(payload?.length).to.equal(size);
    }
  });

  for (const way of ["the socket", "send()"] as const) {
    it(`frames written by ${way} arrive as the messages that they hold, in order with pings and a close`, async () => {
      const { inside, outside } = await openPair();
      expect(socketOf(inside)).to.not.equal(null);
      const nobody = { drained: () => {} };
      const writer = createFrameWriter(inside, nobody, way === "the socket" ? socketOf(inside) : null);
      const heard: string[] = [];
      outside.on("message", (data) => heard.push((data as Buffer).toString()));
      outside.on("ping", () => heard.push("(ping)"));
      const messages = ["um", "dois é três", "x".repeat(300), "y".repeat(66_000)];
      writer.write(encodeTextFrames(messages.slice(0, 2)));
      inside.ping();
      writer.write(encodeTextFrames(messages.slice(2)));
      inside.close(1000);
      const [code] = (await once(outside, "close")) as [number];
      expect(heard).to.deep.equal(["um", "dois é três", "(ping)", ...messages.slice(2)]);
      expect(code).to.equal(1000);
    });
  }

  it("the shortcut hears exactly what ws hears, however the frames are mixed and cut", async () => {
    const frame = fc.oneof(
      fc
        .constantFrom("COMPRAR", "CONSULTAR", "", "COMPRAR 2 chave")
        .map((text) => [maskedFrame(0x81, Buffer.from(text))]),
      fc.string({ unit: "binary", maxLength: 180 }).map((text) => [maskedFrame(0x81, Buffer.from(text))]),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => [maskedFrame(0x82, Buffer.from(bytes))]),
      fc.constant([maskedFrame(0x89, Buffer.from("ping"))]),
      fc
        .string({ minLength: 2, maxLength: 30 })
        .map((text) => [maskedFrame(0x01, Buffer.from(text)), maskedFrame(0x80, Buffer.from("fim"))]),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 12 }),
        fc.array(fc.nat(60), { maxLength: 20 }),
        async (frames, cuts) => {
          const bytes = Buffer.concat(frames.flat());
          expect(await hear(bytes, cuts, true)).to.deep.equal(await hear(bytes, cuts, false));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("the shortcut leaves the judgement of every broken frame to ws", async () => {
    const broken: [Buffer, number][] = [
      [Buffer.from([0x81, 0x02, 0x41, 0x41]), 1002],
      [maskedFrame(0xc1, Buffer.from("x")), 1002],
      [maskedFrame(0x83, Buffer.from("x")), 1002],
      [maskedFrame(0x81, Buffer.from([0xff, 0xfe])), 1007],
      [maskedFrame(0x80, Buffer.from("x")), 1002],
    ];
    for (const [bytes, code] of broken) {
      const good = maskedFrame(0x81, Buffer.from("CONSULTAR"));
      const heard = await hear(Buffer.concat([good, bytes, good]), [], true);
      expect(heard).to.deep.equal(["CONSULTAR", `(closed ${code})`]);
    }
  });

  it("the shortcut isn't taken where ws looks different", async () => {
    const { inside, outside } = await openPair();
    Object.assign((inside as unknown as { _receiver: object })._receiver, { _state: "unknown" });
    expect(installShortcut(inside, () => true)).to.equal(false);
    inside.terminate();
    outside.terminate();
  });

  /** What a server hears of raw bytes that come cut at these lengths, until it closes or the last ping is answered. */
  async function hear(bytes: Buffer, cuts: readonly number[], shortcut: boolean): Promise<string[]> {
    const arrived = once(server, "connection");
    const socket = await handshake(port());
    const [inside] = (await arrived) as [WebSocket];
    const heard: string[] = [];
    const ended = new Promise<void>((resolve) => {
      inside.on("message", (data, isBinary) => {
        const text = (data as Buffer).toString();
        if (text === "(the end)") resolve();
        else heard.push(isBinary ? `binary ${(data as Buffer).toString("hex")}` : text);
      });
      inside.on("error", () => {});
      inside.on("close", (code) => {
        heard.push(`(closed ${closeCode ?? code})`);
        resolve();
      });
    });
    let closeCode: number | null = null;
    const send = inside.close.bind(inside);
    inside.close = (code?: number, reason?: string) => {
      closeCode = code ?? null;
      send(code, reason);
    };
    if (shortcut) {
      expect(
        installShortcut(inside, (_, text) => {
          inside.emit("message", Buffer.from(text), false);
          return inside.readyState === WebSocket.OPEN;
        }),
      ).to.equal(true);
    }
    const sent = Buffer.concat([bytes, maskedFrame(0x81, Buffer.from("(the end)"))]);
    let at = 0;
    for (const cut of cuts) {
      if (at >= sent.length) break;
      socket.write(sent.subarray(at, at + cut));
      at += cut;
      await new Promise(setImmediate);
    }
    socket.write(sent.subarray(at));
    await ended;
    const all = [...heard];
    inside.terminate();
    socket.destroy();
    return all;
  }
});

async function handshake(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  socket.write(
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await once(socket, "data");
  socket.resume();
  return socket;
}

function maskedFrame(first: number, payload: Buffer): Buffer {
  const mask = [0x11, 0x22, 0x33, 0x44];
  const header =
    payload.length < 126
      ? [first, 0x80 | payload.length]
      : [first, 0x80 | 126, payload.length >> 8, payload.length & 255];
  return Buffer.from([...header, ...mask, ...payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
}
