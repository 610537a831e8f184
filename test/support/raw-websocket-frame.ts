/** Frames as a client sends them, with or without regard to the rules (RFC 6455, section 5.2). */
import { randomBytes } from "node:crypto";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameShape {
  readonly final?: boolean;
  readonly masked?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  /** Four bytes, where chance must not choose them. */
  readonly mask?: Buffer;
}

/** One frame as a client sends it: masked, unless it is told to break that rule. */
export function encodeFrame(opcode: number, payload: Buffer, shape: FrameShape = {}): Buffer {
  const { final = true, masked = true, reserved = 0 } = shape;
  const first = (final ? 0x80 : 0) | (reserved << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  const head =
    payload.length < 126
      ? Buffer.from([first, maskBit | payload.length])
      : Buffer.from([first, maskBit | 126, payload.length >> 8, payload.length & 0xff]);
  if (!masked) return Buffer.concat([head, payload]);
  const mask = shape.mask ?? randomBytes(4);
  const body = Buffer.from(payload.map((byte, i) => byte ^ mask[i % 4]!));
  return Buffer.concat([head, mask, body]);
}
