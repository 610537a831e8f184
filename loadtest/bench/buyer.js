/**
 * One connection of the client: a raw socket that speaks as much WebSocket (RFC 6455) as a benchmark needs, as cheaply
 * as Node can. It keeps the asked number of commands in flight: the replies that one read brings are answered by as
 * many commands in one write. The client shares the machine with the server that it measures, so what it spends is
 * taken from both subjects alike, and from the faster one more.
 */
import { connect } from "node:net";
import { CLOSE, FrameReader, pongFrame, PING, TEXT } from "./frame-reader.js";
import { acceptOf, isAccepted, newKey, upgradeRequest } from "./handshake.js";

/** Every read of every connection lands here and is used up before the next. */
const input = Buffer.allocUnsafe(64 * 1024);

const HEADERS_END = Buffer.from("\r\n\r\n");

export class Buyer {
  /** @type {Promise<void>} */
  opened;
  /** Commands that wait for their reply. */
  waiting = 0;
  /** @type {import("./tally.js").Tally} */
  #tally;
  /** @type {import("node:net").Socket} */
  #socket;
  /** @type {FrameReader | null} null until the handshake is done */
  #frames = null;
  #key = newKey();
  #headers = Buffer.alloc(0);
  /** @type {() => void} */
  #settleOpening = () => {};
  /** When each command in flight was sent, as a ring; replies come in the order of the commands. */
  #sentAt;
  #oldest = 0;
  #now = 0;
  #answered = 0;

  /** @param {number} port @param {import("./tally.js").Tally} tally */
  constructor(port, tally) {
    this.#tally = tally;
    this.#sentAt = new Float64Array(tally.inFlight);
    this.opened = new Promise((resolve) => {
      this.#settleOpening = resolve;
    });
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer: input, callback: (length) => this.#read(length) },
    });
    this.#socket = socket;
    socket.on("connect", () => socket.write(upgradeRequest(port, this.#key)));
    socket.on("error", (error) => tally.fail(`a connection broke: ${error.message}`));
    socket.on("close", () => {
      if (!tally.closing) tally.fail("the server closed a connection");
    });
  }

  begin() {
    this.waiting = this.#tally.inFlight;
    this.#sentAt.fill(performance.now());
    this.#socket.write(this.#tally.requests(this.waiting));
  }

  leave() {
    this.#tally.closing = true;
    this.#socket.destroy();
  }

  /** @param {number} length @returns {boolean} true, to go on reading */
  #read(length) {
    try {
      if (this.#frames === null) this.#shakeHands(input.subarray(0, length));
      else this.#readFrames(this.#frames, input, length);
    } catch (cause) {
      this.#tally.fail(cause instanceof Error ? cause.message : String(cause));
    }
    return true;
  }

  /** @param {FrameReader} frames @param {Buffer} bytes @param {number} length */
  #readFrames(frames, bytes, length) {
    this.#now = performance.now();
    this.#answered = 0;
    frames.read(bytes, length);
    if (this.#answered === 0 || this.#tally.closing) return;
    this.waiting += this.#answered;
    this.#socket.write(this.#tally.requests(this.#answered));
  }

  /** @param {number} opcode @param {Buffer} bytes @param {number} start @param {number} end */
  #take(opcode, bytes, start, end) {
    if (opcode === TEXT) {
      if (this.#tally.isPush(bytes, start, end)) return;
      if (this.waiting === 0) this.#tally.fail("a reply came that nothing had asked for");
      const sentAt = this.#sentAt[this.#oldest] ?? 0;
      this.#sentAt[this.#oldest] = this.#now;
      this.#oldest = this.#oldest + 1 === this.#sentAt.length ? 0 : this.#oldest + 1;
      this.#tally.latencies.add(this.#now - sentAt);
      this.waiting -= 1;
      this.#answered += 1;
    } else if (opcode === PING) this.#socket.write(pongFrame(bytes.subarray(start, end)));
    else if (opcode === CLOSE) this.#tally.fail("the server said goodbye");
    else this.#tally.fail(`a frame came that isn't text: opcode ${opcode}`);
  }

  /** @param {Buffer} bytes */
  #shakeHands(bytes) {
    this.#headers = Buffer.concat([this.#headers, bytes]);
    const end = this.#headers.indexOf(HEADERS_END);
    if (end === -1) return;
    const response = this.#headers.toString("latin1", 0, end);
    if (!isAccepted(response, acceptOf(this.#key))) this.#tally.fail(`the handshake failed: ${response}`);
    const rest = this.#headers.subarray(end + HEADERS_END.length);
    this.#frames = new FrameReader((...frame) => this.#take(...frame));
    this.#readFrames(this.#frames, rest, rest.length);
    this.#settleOpening();
  }
}
