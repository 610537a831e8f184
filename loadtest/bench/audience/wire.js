/**
 * What the bytes of a connection are, read as cheaply as possible: raw sockets that know as much WebSocket (RFC 6455)
 * as a benchmark needs, and as much of socket.io's protocol (version 5, in Engine.IO 4) as is around each message.
 */
import { acceptOf, isAccepted, newKey, upgradeRequest } from "../handshake.js";
import { maskedTextFrame, pongFrame, CLOSE, PING, TEXT } from "../frame-reader.js";

/** @typedef {"plain" | "socketio"} Wire */

/** What a message says. `other` is one that belongs to the wire. */
export const STOCK = 0;
export const ANSWER = 1;
export const RECEIPT = 2;
export const SOLD_OUT = 3;
export const NOTICE = 4;
export const OTHER = 5;

const STOCK_WORDS = Buffer.from("ESTOQUE: ");
const ANSWER_WORDS = Buffer.from("Estoque atual: ");
const RECEIPT_WORDS = Buffer.from("Compra realizada. Estoque restante: ");
const SOLD_OUT_WORDS = Buffer.from("AVISO: O estoque acabou de esgotar!");
const NOTICE_WORDS = Buffer.from("AVISO: Estoque reposto: ");

/** Around a message of socket.io: `42["m","` and `"]`. */
const BEFORE = 8;
const AFTER = 2;

const HEADERS_END = Buffer.from("\r\n\r\n");

/** The number in the message that was read last. */
export let number = 0;

/** Frames that were sent before, by their text: there are a few. @type {Map<string, Buffer>} */
const sent = new Map();

/** @param {Wire} wire @param {string} text */
export function commandFrame(wire, text) {
  let frame = sent.get(text);
  if (frame === undefined) {
    frame = maskedTextFrame(wire === "socketio" ? `42["m","${text}"]` : text);
    sent.set(text, frame);
  }
  return frame;
}

/**
 * @param {Wire} wire @param {Uint8Array} bytes @param {number} start @param {number} end
 * @throws {Error} at anything that isn't expected, letter by letter
 */
export function meaningOf(wire, bytes, start, end) {
  if (wire === "socketio") {
    // "4" a message, "2" an event; everything else is the wire's own.
    if (bytes[start] !== 0x34 || bytes[start + 1] !== 0x32) return OTHER;
    start += BEFORE;
    end -= AFTER;
  }
  if (begins(STOCK_WORDS, bytes, start)) return numbered(STOCK, bytes, start + STOCK_WORDS.length, end);
  if (begins(RECEIPT_WORDS, bytes, start)) return numbered(RECEIPT, bytes, start + RECEIPT_WORDS.length, end);
  if (begins(ANSWER_WORDS, bytes, start)) return numbered(ANSWER, bytes, start + ANSWER_WORDS.length, end);
  if (begins(SOLD_OUT_WORDS, bytes, start)) return SOLD_OUT;
  if (begins(NOTICE_WORDS, bytes, start)) return numbered(NOTICE, bytes, start + NOTICE_WORDS.length, end);
  throw new Error(`a message that shouldn't be: ${Buffer.from(bytes.slice(start, end)).toString()}`);
}

/**
 * @param {Uint8Array} bytes @param {number} length
 * @param {(opcode: number, start: number, end: number) => void} take
 * @returns {number} where the first frame begins that isn't whole yet
 */
export function readFrames(bytes, length, take) {
  let at = 0;
  while (length - at >= 2) {
    const short = bytes[at + 1] ?? 0;
    if (((bytes[at] ?? 0) & 0xf0) !== 0x80 || short > 126) throw new Error("a frame that shouldn't be");
    if (short === 126 && length - at < 4) break;
    const start = at + (short === 126 ? 4 : 2);
    const size = short === 126 ? ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0) : short;
    if (start + size > length) break;
    const opcode = (bytes[at] ?? 0) & 0x0f;
    if (opcode === CLOSE) throw new Error("the server said goodbye");
    if (opcode !== TEXT && opcode !== PING) throw new Error(`a frame that isn't text: opcode ${opcode}`);
    take(opcode, start, start + size);
    at = start + size;
  }
  return at;
}

/** The opening of one connection, until messages can go both ways. All that can be made before it begins is made. */
export class Opening {
  /** @type {Buffer} */
  request;
  #accept;
  #headers = Buffer.alloc(0);

  /** @param {Wire} wire @param {number} port */
  constructor(wire, port) {
    const key = newKey();
    const path = wire === "socketio" ? "/socket.io/?EIO=4&transport=websocket" : "/";
    this.request = Buffer.from(upgradeRequest(port, key, path));
    this.#accept = acceptOf(key);
  }

  /** @param {Uint8Array} bytes @returns {Buffer | null} what came behind the headers; null until they are whole */
  take(bytes) {
    this.#headers = Buffer.concat([this.#headers, bytes]);
    const end = this.#headers.indexOf(HEADERS_END);
    if (end === -1) return null;
    const response = this.#headers.toString("latin1", 0, end);
    if (!isAccepted(response, this.#accept)) throw new Error(`the handshake failed: ${response}`);
    return this.#headers.subarray(end + HEADERS_END.length);
  }
}

/** socket.io: joins the namespace once the transport is open (`0…`), is in with `40…`, answers a ping (`2`). */
export const SOCKETIO = {
  join: maskedTextFrame("40"),
  pong: maskedTextFrame("3"),
  /** @param {Uint8Array} bytes @param {number} start */
  isOpen: (bytes, start) => bytes[start] === 0x30,
  /** @param {Uint8Array} bytes @param {number} start */
  isJoined: (bytes, start) => bytes[start] === 0x34 && bytes[start + 1] === 0x30,
  /** @param {Uint8Array} bytes @param {number} start */
  isPing: (bytes, start) => bytes[start] === 0x32,
};

/** @param {Uint8Array} bytes @param {number} start @param {number} end */
export function pongFor(bytes, start, end) {
  return pongFrame(Buffer.from(bytes.slice(start, end)));
}

/** @param {Buffer} words @param {Uint8Array} bytes @param {number} start */
function begins(words, bytes, start) {
  for (let i = 0; i < words.length; i++) if (bytes[start + i] !== words[i]) return false;
  return true;
}

/** @param {number} meaning @param {Uint8Array} bytes @param {number} start @param {number} end */
function numbered(meaning, bytes, start, end) {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw new Error("a number that is none");
    value = value * 10 + digit;
  }
  number = value;
  return meaning;
}
