/** One input out of one seed. */
import { encodeFrame, OPCODE } from "../../support/raw-websocket-frame.ts";
import type { Input, Transport } from "./judges.ts";
import { cuts, json, line, mutated } from "./pieces.ts";
import { Random } from "./random.ts";
import { handshake, httpRequest } from "./request-generator.ts";

const TRANSPORTS: readonly Transport[] = ["tcp", "ws", "json", "http"];
const MESSAGE_TYPES = ["query", "query", "buy", "buy", "subscribe", "hello", "stock", "", "__proto__"];

export function makeInput(seed: number): Input {
  const random = new Random(seed);
  const transport = random.pick(TRANSPORTS);
  const make = { tcp: textBytes, ws: frames, json: frames, http: requests }[transport];
  let bytes = make(random, transport);
  if (random.oneIn(4)) bytes = mutated(random, bytes);
  if (random.oneIn(25)) bytes = random.bytes(random.below(400));
  const breaksOff = random.oneIn(10) ? random.below(20) : null;
  // Only there: what comes behind a WebSocket's handshake isn't HTTP any more.
  if (breaksOff !== null && transport === "http" && random.oneIn(2))
    bytes = Buffer.concat([bytes, handshake()]);
  return { transport, bytes, cuts: cuts(random, bytes.length), breaksOff };
}

function textBytes(random: Random): Buffer {
  const ends = ["\n", "\n", "\r\n", "\n\n", "\r"];
  const parts = random.many(1, 12, () => {
    if (random.oneIn(15)) return random.bytes(random.below(700));
    if (random.oneIn(12)) return telnet(random);
    return Buffer.from(line(random) + random.pick(ends));
  });
  if (random.oneIn(3)) parts.push(Buffer.from(line(random)));
  return Buffer.concat(parts);
}

function telnet(random: Random): Buffer {
  return Buffer.concat([
    Buffer.from([255]),
    random.pick([
      Buffer.from([251 + random.below(4), random.below(256)]),
      Buffer.from([255]),
      Buffer.from([246]),
      Buffer.from([250, 24, 0, 120, 255, 255, 121, 255, 240]),
      Buffer.from([250, 24]),
    ]),
  ]);
}

function frames(random: Random, transport: Transport): Buffer {
  return Buffer.concat(random.many(1, 8, () => frameOrMore(random, transport)));
}

function frameOrMore(random: Random, transport: Transport): Buffer {
  const make = (opcode: number, payload: Buffer, final = true): Buffer =>
    encodeFrame(opcode, payload, {
      final,
      masked: !random.oneIn(60),
      reserved: random.oneIn(60) ? random.below(8) : 0,
      mask: random.bytes(4),
    });
  const payload = messageBytes(random, transport);
  if (random.oneIn(6))
    return make(
      random.pick([OPCODE.ping, OPCODE.pong]),
      random.bytes(random.oneIn(8) ? 126 : random.below(20)),
    );
  if (random.oneIn(40)) return make(OPCODE.close, closePayload(random));
  if (random.oneIn(40)) return make(random.below(16), payload, !random.oneIn(3));
  const opcode = random.oneIn(15) ? OPCODE.binary : OPCODE.text;
  if (!random.oneIn(5)) return make(opcode, payload);
  const count = random.oneIn(8) ? random.between(8, 10) : random.between(2, 4);
  const size = Math.ceil(payload.length / count);
  const parts = Array.from({ length: count }, (_, i) =>
    make(i === 0 ? opcode : OPCODE.continuation, payload.subarray(i * size, (i + 1) * size), i === count - 1),
  );
  return Buffer.concat(parts);
}

function messageBytes(random: Random, transport: Transport): Buffer {
  if (random.oneIn(30)) return random.bytes(random.below(300));
  if (random.oneIn(30)) return Buffer.from("x".repeat(random.between(4_090, 4_100)));
  if (transport === "json") return Buffer.from(json(random, MESSAGE_TYPES));
  return Buffer.from(random.many(1, 4, () => line(random)).join(random.pick(["\n", "\r\n"])));
}

function closePayload(random: Random): Buffer {
  const code = random.pick([1000, 1001, 1005, 1011, 999, 3000, 5000, random.below(65_536)]);
  const whole = Buffer.concat([Buffer.from([code >> 8, code & 255]), random.bytes(random.below(4))]);
  return whole.subarray(0, random.oneIn(4) ? random.below(3) : whole.length);
}

function requests(random: Random): Buffer {
  return Buffer.concat(random.many(1, 3, () => httpRequest(random)));
}
