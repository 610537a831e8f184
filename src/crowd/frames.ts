/** WebSocket frames as a client sees them (RFC 6455, section 5): reads a server's, builds its own. */
import { randomBytes } from "node:crypto";
import { LONGEST_LINE } from "./wire.ts";

export const Opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FINAL = 0x80;
const MASKED = 0x80;
const TWO_BYTES = 126;

export interface Frame {
  readonly opcode: number;
  /** Good during the call alone. */
  readonly payload: Buffer;
}

/**
 * Calls `take` for each whole frame.
 *
 * @returns the beginning of a frame whose rest hasn't come, as a part of `bytes`; or a complaint about a frame that this
 *   server has no reason to send.
 */
export function readFrames(bytes: Buffer, take: (frame: Frame) => void): Buffer | string {
  let at = 0;
  while (bytes.length - at >= 2) {
    const first = bytes[at] ?? 0;
    const length = bytes[at + 1] ?? 0;
    if ((first & 0xf0) !== FINAL) return "um quadro em pedaços ou com bits reservados";
    if (length > TWO_BYTES) return "um quadro mascarado ou grande demais";
    if (length === TWO_BYTES && bytes.length - at < 4) break;
    const size = length === TWO_BYTES ? bytes.readUInt16BE(at + 2) : length;
    if (size > LONGEST_LINE) return "um quadro grande demais";
    const start = at + (length === TWO_BYTES ? 4 : 2);
    if (start + size > bytes.length) break;
    take({ opcode: first & 0x0f, payload: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return bytes.subarray(at);
}

/** @param payload at most 65,535 bytes. */
export function maskedFrame(opcode: number, payload: Uint8Array): Buffer {
  const head = payload.length < TWO_BYTES ? 2 : 4;
  const frame = Buffer.allocUnsafe(head + 4 + payload.length);
  frame[0] = FINAL | opcode;
  frame[1] = MASKED | (head === 2 ? payload.length : TWO_BYTES);
  if (head === 4) frame.writeUInt16BE(payload.length, 2);
  const mask = randomBytes(4);
  mask.copy(frame, head);
  for (let i = 0; i < payload.length; i++) {
    frame[head + 4 + i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  }
  return frame;
}
