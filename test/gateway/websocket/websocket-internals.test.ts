import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import fc from "fast-check";
import { WebSocket, WebSocketServer } from "ws";
import { encodeTextFrame, encodeTextFrames, payloadsOf } from "../../../src/gateway/websocket/frames.ts";
import { LazyWebSocket, looksRight, type Receiver } from "../../../src/gateway/websocket/lazy-websocket.ts";
import { createFrameWriter, socketOf } from "../../../src/gateway/websocket/websocket-writer.ts";

/** Tells what it takes as the events that `ws` would have made of it. */
class Sleeper extends LazyWebSocket {
  takeText(text: string): boolean {
    this.emit("message", Buffer.from(text), false);
    return this.readyState === WebSocket.OPEN;
  }

  takePong(): void {
    this.emit("pong");
  }
}

/** Of which `ws` shows something else than is looked for. */
class Restless extends Sleeper {
  _readyState: unknown = "connecting";
}

/** A socket of a Node that has no such handle. */
function withoutHandle(socket: Socket): Socket {
  return new Proxy(socket, {
    get(target, name) {
      const value: unknown = name === "_handle" ? null : Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

const texts = fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 8 });

describe("what is known of the inside of ws", () => {
  let plain: Place;
  let lazy: Place;
  let restless: Place;

  before(async () => {
    plain = await open(WebSocket);
    lazy = await open(Sleeper);
    restless = await open(Restless);
  });

  after(() => {
    for (const { server, http } of [plain, lazy, restless]) {
      server.close();
      http.closeAllConnections();
      http.close();
    }
  });

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
      const { inside, outside } = await openPair(plain);
      expect(socketOf(inside)).to.not.equal(null);
      const writer = createFrameWriter(inside, way === "the socket" ? socketOf(inside) : null);
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

  for (const way of ["the handle", "the socket", "send()"] as const) {
    it(`whoever waits is told when all is read, however little it was and whoever wrote it (${way})`, async () => {
      const { inside, outside } = await openPair(plain);
      const below = socketOf(inside)!;
      const seen = { "the handle": below, "the socket": withoutHandle(below), "send()": null }[way];
      const writer = createFrameWriter(inside, seen);
      outside.pause();
      const frame = encodeTextFrame("x".repeat(1_000));
      // In pieces far smaller than a socket's high-water mark, with turns between, so that next to nothing is left over.
      while (writer.unsent === 0) {
        for (let i = 0; i < 100 && writer.unsent === 0; i++) writer.write(frame);
        await new Promise(setImmediate);
      }
      inside.ping();
      writer.write(frame);
      expect(writer.unsent).to.be.within(1, 10_000);
      let told = 0;
      writer.whenSent(() => (told += 1));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(told, "while nothing is read").to.equal(0);
      outside.resume();
      await until(() => told === 1);
      expect(writer.unsent).to.equal(0);
      outside.terminate();
    });
  }

  it("a sleeper hears exactly what ws hears, however the frames are mixed and cut", async () => {
    const frame = fc.oneof(
      fc
        .constantFrom("COMPRAR", "CONSULTAR", "", "COMPRAR 2 chave")
        .map((text) => [maskedFrame(0x81, Buffer.from(text))]),
      fc.string({ unit: "binary", maxLength: 180 }).map((text) => [maskedFrame(0x81, Buffer.from(text))]),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => [maskedFrame(0x82, Buffer.from(bytes))]),
      fc.constantFrom(0x89, 0x8a).map((kind) => [maskedFrame(kind, Buffer.from("ping"))]),
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
          expect(await hear(lazy, bytes, cuts)).to.deep.equal(await hear(plain, bytes, cuts));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("a sleeper leaves the judgement of every broken frame to ws", async () => {
    const broken: [Buffer, number][] = [
      [Buffer.from([0x81, 0x02, 0x41, 0x41]), 1002],
      [maskedFrame(0xc1, Buffer.from("x")), 1002],
      [maskedFrame(0x83, Buffer.from("x")), 1002],
      [maskedFrame(0x81, Buffer.from([0xff, 0xfe])), 1007],
      [maskedFrame(0x80, Buffer.from("x")), 1002],
    ];
    for (const [bytes, code] of broken) {
      const good = maskedFrame(0x81, Buffer.from("CONSULTAR"));
      const heard = await hear(lazy, Buffer.concat([good, bytes, good]), []);
      expect(heard).to.deep.equal(["CONSULTAR", `(closed ${code})`]);
    }
  });

  it("a sleeper sleeps on through short texts and pongs, and wakes for all else", async () => {
    const { inside, outside } = await openPair(lazy);
    const heard: string[] = [];
    inside.on("message", (data, isBinary) =>
      heard.push(`${(data as Buffer).toString()}${isBinary ? " (binary)" : ""}`),
    );
    inside.on("pong", () => heard.push("(pong)"));
    outside.send("COMPRAR");
    outside.send("CONSULTAR");
    inside.ping();
    await until(() => heard.length === 3);
    expect(isAsleep(inside)).to.equal(true);
    outside.send("é");
    await until(() => heard.length === 4);
    expect(isAsleep(inside)).to.equal(false);
    outside.send("COMPRAR");
    inside.ping();
    await until(() => heard.length === 6);
    expect(heard).to.deep.equal(["COMPRAR", "CONSULTAR", "(pong)", "é", "COMPRAR", "(pong)"]);
    outside.close(1000, "tchau");
    expect(await closing(inside)).to.deep.equal([1000, "tchau"]);
  });

  it("whatever is asked of a sleeper happens as ws does it", async () => {
    const deeds: Record<string, (inside: WebSocket) => void> = {
      close: (inside) => inside.close(1013, "agora não"),
      send: (inside) => inside.send("uma mensagem", () => inside.close(1000)),
      pong: (inside) => inside.pong("sem ping", false, () => inside.close(1000)),
      "ping with data": (inside) => inside.ping("dados", false, () => inside.close(1000)),
      terminate: (inside) => inside.terminate(),
      pause: (inside) => {
        inside.pause();
        setTimeout(() => {
          expect(inside.isPaused).to.equal(true);
          inside.resume();
          inside.close(1000);
        }, 30);
      },
      resume: (inside) => {
        inside.resume();
        inside.close(1000);
      },
      twice: (inside) => {
        inside.close(1001);
        inside.terminate();
        inside.close(1000);
      },
    };
    for (const [name, deed] of Object.entries(deeds)) {
      const [expected, seen] = await Promise.all([plain, lazy].map((place) => seeEnd(place, deed)));
      expect(seen, name).to.deep.equal(expected);
    }
  });

  it("of one that is to be read no more nothing reaches ws, not even as it closes", async () => {
    for (const isAwake of [false, true]) {
      const { inside, outside } = await openPair(lazy);
      let heard = 0;
      const sleeper = inside as Sleeper;
      inside.on("message", () => {
        heard += 1;
        sleeper.stopReading();
      });
      if (isAwake) inside.pong();
      outside.send("COMPRAR");
      await until(() => heard === 1);
      const stream = socketOf(inside)!;
      for (let i = 0; i < 20_000; i++) outside.send("COMPRAR");
      const told = closing(outside);
      inside.close(1008);
      inside.resume();
      await until(() => outside.readyState === WebSocket.CLOSING);
      expect({ heard, inStream: stream.readableLength }).to.deep.equal({ heard: 1, inStream: 0 });
      inside.terminate();
      expect(await told).to.deep.equal([1008, ""]);
      expect(heard).to.equal(1);
    }
  });

  it("a sleeper that is gone takes whatever it is asked, as ws does", async () => {
    for (const place of [plain, lazy]) {
      const { inside, outside } = await openPair(place);
      const gone = closing(inside);
      socketOf(inside)?.destroy();
      await gone;
      expect(inside.readyState).to.equal(WebSocket.CLOSED);
      const said = await Promise.all(
        (["send", "ping", "pong"] as const).map(
          (way) =>
            new Promise<string>((resolve) => {
              const told = (error?: Error): void => resolve(`${way}: ${error?.message}`);
              if (way === "send") inside.send("dados", told);
              else inside[way]("dados", false, told);
            }),
        ),
      );
      expect(said).to.deep.equal(
        ["send", "ping", "pong"].map((way) => `${way}: WebSocket is not open: readyState 3 (CLOSED)`),
      );
      for (const deed of ["pause", "resume", "close", "terminate"] as const) inside[deed]();
      expect(inside.bufferedAmount).to.be.a("number");
      outside.terminate();
    }
  });

  it("however a sleeper's client leaves, it hears of it as with ws", async () => {
    const ways: Record<string, (socket: Socket) => void> = {
      "says goodbye": (socket) => void socket.write(maskedFrame(0x88, Buffer.from([0x03, 0xe8]))),
      "says nothing and ends": (socket) => void socket.end(),
      "ends within a frame": (socket) =>
        void socket.end(maskedFrame(0x81, Buffer.from("COMPRAR")).subarray(0, 9)),
      "is cut": (socket) => void socket.resetAndDestroy(),
    };
    for (const [name, leave] of Object.entries(ways)) {
      const [expected, seen] = await Promise.all([plain, lazy].map((place) => seeLeaving(place, leave)));
      expect(seen, name).to.deep.equal(expected);
    }
  });

  it("what came with the handshake is heard", async () => {
    for (const { server, port } of [plain, lazy]) {
      const heard = new Promise<WebSocket>((resolve) => {
        server.once("connection", (inside: WebSocket) =>
          inside.once("message", (data) => {
            expect((data as Buffer).toString()).to.equal("COMPRAR");
            resolve(inside);
          }),
        );
      });
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(Buffer.concat([Buffer.from(UPGRADE), maskedFrame(0x81, Buffer.from("COMPRAR"))]));
      const inside = await heard;
      socket.destroy();
      await closing(inside);
    }
  });

  it("none sleeps where ws looks different, and it hears all the same", async () => {
    const bytes = Buffer.concat(["um", "dois é três"].map((text) => maskedFrame(0x81, Buffer.from(text))));
    expect(await hear(restless, bytes, [5])).to.deep.equal(["um", "dois é três"]);
    const { inside, outside } = await openPair(restless);
    expect(isAsleep(inside)).to.equal(false);
    outside.terminate();
    await closing(inside);
    expect(looksRight({ _state: "unknown" } as unknown as Receiver)).to.equal(false);
    expect(looksRight(null)).to.equal(false);
  });

  /** What a server hears of raw bytes that come cut at these lengths, until it closes or the last ping is answered. */
  async function hear({ server, port }: Place, bytes: Buffer, cuts: readonly number[]): Promise<string[]> {
    const arrived = once(server, "connection");
    const socket = await handshake(port);
    const [inside] = (await arrived) as [WebSocket];
    const heard: string[] = [];
    const ended = new Promise<void>((resolve) => {
      inside.on("message", (data, isBinary) => {
        const text = (data as Buffer).toString();
        if (text === "(the end)") resolve();
        else heard.push(isBinary ? `binary ${(data as Buffer).toString("hex")}` : text);
      });
      inside.on("pong", () => heard.push("(pong)"));
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

interface Place {
  readonly http: Server;
  readonly server: WebSocketServer;
  readonly port: number;
}

async function open(kind: typeof WebSocket): Promise<Place> {
  const http = createServer().listen(0, "127.0.0.1");
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    maxPayload: 70_000,
    WebSocket: kind,
  });
  await once(http, "listening");
  return { http, server, port: (http.address() as AddressInfo).port };
}

async function openPair({ server, port }: Place): Promise<{ inside: WebSocket; outside: WebSocket }> {
  const arrived = once(server, "connection");
  const outside = new WebSocket(`ws://127.0.0.1:${port}`);
  outside.on("error", () => {});
  const [inside] = (await arrived) as [WebSocket];
  inside.on("error", () => {});
  if (outside.readyState !== WebSocket.OPEN) await once(outside, "open");
  return { inside, outside };
}

/** Whether its inside isn't made yet. */
function isAsleep(inside: WebSocket): boolean {
  return (inside as unknown as { readonly _receiver: Receiver | null })._receiver === null;
}

async function closing(inside: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(inside, "close")) as [number, Buffer];
  expect(inside.readyState).to.equal(WebSocket.CLOSED);
  return [code, reason.toString()];
}

/** What both ends see when the server's does this. */
async function seeEnd(place: Place, deed: (inside: WebSocket) => void): Promise<unknown[]> {
  const { inside, outside } = await openPair(place);
  const heard: string[] = [];
  for (const event of ["message", "ping", "pong"]) {
    outside.on(event, (data: Buffer) => heard.push(`${event} ${data.toString()}`));
  }
  const ends = Promise.all([closing(inside), closing(outside)]);
  deed(inside);
  return [heard, ...(await ends)];
}

/** What the server's end sees when a raw client does this. */
async function seeLeaving(place: Place, leave: (socket: Socket) => void): Promise<unknown[]> {
  const arrived = once(place.server, "connection");
  const socket = await handshake(place.port);
  const [inside] = (await arrived) as [WebSocket];
  inside.on("error", () => {});
  const end = closing(inside);
  leave(socket);
  const seen = await end;
  socket.destroy();
  return seen;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

async function handshake(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  socket.write(UPGRADE);
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
