/**
 * RFC 6455 rule by rule, over real sockets, with frames that no library would send: which close code answers each of
 * them, and what is taken although it looks odd. docs/protocol.md has the codes in its table of close codes.
 */
import { expect } from "chai";
import { encodeFrame, OPCODE } from "../support/raw-websocket-frame.ts";
import { RawWebSocket, type RawFrame } from "../support/raw-websocket.ts";
import { openTestServer, startTestServer, type TestServer } from "../support/start-server.ts";
import { WsClient } from "../support/ws-client.ts";

const { continuation, text, binary, close, ping, pong } = OPCODE;
const MASK = Buffer.from([1, 2, 3, 4]);
const ANSWER = "Estoque atual: 10";
const TOO_LONG = "ERRO: Linha longa demais";

type Row = readonly [what: string, bytes: () => Buffer | Buffer[], outcome: number | readonly string[]];

const frame = (opcode: number, payload: string | Buffer, shape = {}): Buffer =>
  encodeFrame(opcode, Buffer.from(payload as Buffer), shape);
const part = (opcode: number, payload: string | Buffer): Buffer => frame(opcode, payload, { final: false });
const closing = (code: number, reason: string | Buffer = ""): Buffer =>
  frame(close, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as Buffer)]));

/** A masked text frame whose length is written in 16 or 64 bits, whatever it is. */
function longForm(payload: string, bits: 16 | 64): Buffer {
  const head = Buffer.alloc(bits === 16 ? 4 : 10);
  head[0] = 0x81;
  head[1] = 0x80 | (bits === 16 ? 126 : 127);
  if (bits === 16) head.writeUInt16BE(payload.length, 2);
  else head.writeBigUInt64BE(BigInt(payload.length), 2);
  const body = Buffer.from(payload).map((byte, i) => byte ^ MASK[i % 4]!);
  return Buffer.concat([head, MASK, body]);
}

/** Only the beginning of a frame that says it is this long. */
function claimed(size: bigint): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(size, 2);
  return Buffer.concat([head, MASK]);
}

/** CONSULTAR in this many fragments, most of them empty. */
function inFragments(count: number): Buffer[] {
  const last = frame(continuation, "");
  return [part(text, "CONSULTAR"), ...Array.from({ length: count - 2 }, () => part(continuation, "")), last];
}

const HALF_A_LETTER = Buffer.from([0xc3]);
const OTHER_HALF = Buffer.from([0xa9]);

/** Closed with this code; or kept open, with these answers. */
const ROWS: readonly Row[] = [
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): Row => [
    `opcode ${opcode}`,
    () => frame(opcode, "x"),
    1002,
  ]),
  ...[1, 2, 4].map((reserved): Row => [
    `reserved bit RSV${4 - Math.log2(reserved) - 1}`,
    () => frame(text, "CONSULTAR", { reserved }),
    1002,
  ]),
  ["a reserved bit in a control frame", () => frame(ping, "x", { reserved: 4 }), 1002],
  [
    "a reserved bit in a continuation",
    () => [part(text, "CON"), frame(continuation, "", { reserved: 4 })],
    1002,
  ],
  ["a text frame without a mask", () => frame(text, "CONSULTAR", { masked: false }), 1002],
  [
    "a text frame without a mask, and enough behind it to be taken for one",
    () => [frame(text, "CONSULTAR", { masked: false }), Buffer.alloc(4)],
    1002,
  ],
  ["a ping without a mask", () => frame(ping, "x", { masked: false }), 1002],
  ["a close without a mask", () => frame(close, Buffer.from([3, 232]), { masked: false }), 1002],
  ["a continuation of nothing", () => frame(continuation, "CONSULTAR"), 1002],
  ["an unfinished continuation of nothing", () => part(continuation, "CONSULTAR"), 1002],
  ["a continuation after the message ended", () => [...inFragments(2), frame(continuation, "x")], 1002],
  ["a new text within a fragmented one", () => [part(text, "CON"), frame(text, "SULTAR")], 1002],
  ["a new binary within a fragmented text", () => [part(text, "CON"), frame(binary, "SULTAR")], 1002],
  ["a ping of 126 bytes", () => frame(ping, "x".repeat(126)), 1002],
  ["a pong of 126 bytes", () => frame(pong, "x".repeat(126)), 1002],
  ["a close of 126 bytes", () => closing(1000, "x".repeat(124)), 1002],
  ["a ping in fragments", () => part(ping, "x"), 1002],
  ["a pong in fragments", () => part(pong, "x"), 1002],
  ["a close in fragments", () => frame(close, Buffer.from([3, 232]), { final: false }), 1002],
  ["a close with one byte", () => frame(close, "x"), 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Row => [
    `a close with the code ${code}`,
    () => closing(code),
    1002,
  ]),
  ["a close whose reason isn't UTF-8", () => closing(1000, Buffer.from([0xff])), 1007],
  ["a close whose reason ends within a letter", () => closing(1000, HALF_A_LETTER), 1007],
  ["a text that isn't UTF-8", () => frame(text, Buffer.from([0x43, 0xff, 0xfe])), 1007],
  ["a text that ends within a letter", () => frame(text, HALF_A_LETTER), 1007],
  ["a text with half of a surrogate pair", () => frame(text, Buffer.from([0xed, 0xa0, 0x80])), 1007],
  ["a text with an overlong zero", () => frame(text, Buffer.from([0xc0, 0x80])), 1007],
  ["a text beyond Unicode's end", () => frame(text, Buffer.from([0xf5, 0x80, 0x80, 0x80])), 1007],
  [
    "a text whose fragments aren't UTF-8 together",
    () => [part(text, HALF_A_LETTER), frame(continuation, "x")],
    1007,
  ],
  ["nine fragments", () => inFragments(9), 1008],
  [
    "a flood of fragments that never ends",
    () => [part(text, "x"), ...Array.from({ length: 50 }, () => part(continuation, ""))],
    1008,
  ],
  ["4,097 bytes in one frame", () => frame(text, "x".repeat(4_097)), 1009],
  ["4,097 bytes of binary", () => frame(binary, "x".repeat(4_097)), 1009],
  ["4,097 bytes in two fragments", () => [part(text, "x".repeat(4_096)), frame(continuation, "x")], 1009],
  ["a frame that says it is 64 KiB long", () => claimed(65_536n), 1009],
  ["a frame that says it is 2^53 bytes long", () => claimed(2n ** 53n), 1009],
  ["a frame whose length has its highest bit set", () => claimed(2n ** 63n), 1009],
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999].map((code): Row => [
    `a close with the code ${code}`,
    () => closing(code, "até logo"),
    code,
  ]),
  ["4,096 bytes", () => frame(text, "x".repeat(4_096)), [TOO_LONG]],
  [
    "4,096 bytes in eight fragments",
    () => [
      part(text, "x".repeat(512)),
      ...Array.from({ length: 6 }, () => part(continuation, "x".repeat(512))),
      frame(continuation, "x".repeat(512)),
    ],
    [TOO_LONG],
  ],
  ["eight fragments", () => inFragments(8), [ANSWER]],
  [
    "a letter cut in two by fragments",
    () => [part(text, HALF_A_LETTER), frame(continuation, OTHER_HALF)],
    ["ERRO: Comando desconhecido. Envie AJUDA"],
  ],
  [
    "a ping between two fragments",
    () => [part(text, "CON"), frame(ping, "p"), frame(continuation, "SULTAR")],
    ["pong p", ANSWER],
  ],
  ["a ping of 125 bytes", () => frame(ping, "x".repeat(125)), [`pong ${"x".repeat(125)}`]],
  ["an empty ping", () => frame(ping, ""), ["pong "]],
  ["a pong that nobody asked for", () => [frame(pong, "x"), frame(text, "CONSULTAR")], [ANSWER]],
  ["a length that would have fit into fewer bits: 16", () => longForm("CONSULTAR", 16), [ANSWER]],
  ["a length that would have fit into fewer bits: 64", () => longForm("CONSULTAR", 64), [ANSWER]],
  ["binary in fragments", () => [part(binary, "CON"), frame(continuation, "SULTAR")], ["ERRO: Envie texto"]],
];

describe("a WebSocket frame", () => {
  let server: TestServer;
  before(async () => (server = await openTestServer()));
  after(() => server.stop());

  for (const [what, bytes, outcome] of ROWS) {
    const title = typeof outcome === "number" ? `is closed with ${outcome}` : "is taken";
    for (const way of ["at once", "byte by byte"] as const) {
      it(`${what} ${title}, sent ${way}`, async () => {
        const ws = await RawWebSocket.connect(server.httpPort);
        const all = Buffer.concat([bytes()].flat());
        if (way === "at once") ws.socket.write(all);
        else await drip(ws, all);
        if (typeof outcome === "number") {
          expect(await ws.untilCloseCode()).to.equal(outcome);
          // Nothing but the close: no answer to half a message, no second goodbye.
          expect(ws.frames.all.filter(({ opcode }) => opcode === close)).to.have.length(1);
        } else {
          expect((await ws.frames.take(outcome.length)).map(words)).to.deep.equal(outcome);
          ws.send(text, "CONSULTAR");
          expect(words(await ws.frames.next())).to.equal(ANSWER);
        }
      });
    }
  }

  it("that says goodbye without a code is answered without one", async () => {
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.send(close, "");
    expect(await ws.frames.next()).to.deep.equal({ opcode: close, payload: Buffer.alloc(0) });
  });

  it("behind a close isn't looked at: it buys nothing", async () => {
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.socket.write(Buffer.concat([closing(1000), frame(text, "COMPRAR")]));
    expect(await ws.untilCloseCode()).to.equal(1000);
    const other = await WsClient.connect(server.httpPort);
    expect(await other.ask("CONSULTAR")).to.equal(ANSWER);
  });

  it("behind a broken one isn't looked at: it buys nothing", async () => {
    const ws = await RawWebSocket.connect(server.httpPort);
    ws.socket.write(Buffer.concat([frame(3, "x"), frame(text, "COMPRAR")]));
    expect(await ws.untilCloseCode()).to.equal(1002);
    const other = await WsClient.connect(server.httpPort);
    expect(await other.ask("CONSULTAR")).to.equal(ANSWER);
  });

  it("before a broken one in the same bytes is carried out, though its answer may not come any more", async () => {
    const own = await startTestServer();
    const ws = await RawWebSocket.connect(own.httpPort);
    ws.socket.write(Buffer.concat([frame(text, "COMPRAR"), frame(3, "x")]));
    expect(await ws.untilCloseCode()).to.equal(1002);
    const other = await WsClient.connect(own.httpPort);
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 9");
  });
});

function words({ opcode, payload }: RawFrame): string {
  return (opcode === pong ? "pong " : "") + payload.toString("utf8");
}

/** Each byte in a write, and so mostly in a packet, of its own; long runs in pieces, since they'd take all day. */
async function drip({ socket }: RawWebSocket, bytes: Buffer): Promise<void> {
  const step = Math.max(1, Math.ceil(bytes.length / 64));
  for (let at = 0; at < bytes.length && socket.writable; at += step) {
    socket.write(bytes.subarray(at, at + step));
    await new Promise(setImmediate);
  }
}
