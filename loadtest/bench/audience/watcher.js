/** One connection of the audience: opens, then hands over each message that it hears. Runs under Bun. */
import { commandFrame, meaningOf, Opening, OTHER, pongFor, readFrames, SOCKETIO } from "./wire.js";

const PING = 9;

/**
 * @typedef {object} Hearer
 * @property {(watcher: Watcher, meaning: number) => void} hear
 * @property {(why: string) => void} fail
 */

export class Watcher {
  /** @type {number} */
  index;
  /** Settles once messages can go both ways. @type {Promise<void>} */
  opened;
  #wire;
  #port;
  #hearer;
  /** @type {Opening | null} */
  #opening;
  /** @type {BunSocket<Watcher> | null} */
  #socket = null;
  /** The beginning of a frame whose rest hasn't come yet. @type {Uint8Array | null} */
  #begun = null;
  #leaving = false;
  /** @type {() => void} */
  #settle = () => {};
  /** @type {Uint8Array} */
  #bytes = new Uint8Array(0);
  /** Made once, not for every read. @type {(opcode: number, start: number, end: number) => void} */
  #take = (opcode, start, end) => {
    if (opcode === PING) this.#socket?.write(pongFor(this.#bytes, start, end));
    else {
      const meaning = meaningOf(this.#wire, this.#bytes, start, end);
      if (meaning === OTHER) this.#takeOther(start);
      else this.#hearer.hear(this, meaning);
    }
  };

  /** @param {number} index @param {import("./wire.js").Wire} wire @param {number} port @param {Hearer} hearer */
  constructor(index, wire, port, hearer) {
    this.index = index;
    this.#wire = wire;
    this.#port = port;
    this.#hearer = hearer;
    this.#opening = new Opening(wire, port);
    this.opened = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  async open() {
    await Bun.connect({ hostname: "127.0.0.1", port: this.#port, data: this, socket: HANDLERS });
    return this.opened;
  }

  /** @param {string} command */
  send(command) {
    this.#socket?.write(commandFrame(this.#wire, command));
  }

  leave() {
    this.#leaving = true;
    this.#socket?.terminate();
  }

  /** @param {BunSocket<Watcher>} socket */
  connected(socket) {
    this.#socket = socket;
    if (this.#opening !== null) socket.write(this.#opening.request);
  }

  /** @param {Uint8Array} bytes */
  read(bytes) {
    try {
      if (this.#opening === null) this.#readFrames(bytes);
      else {
        const rest = this.#opening.take(bytes);
        if (rest === null) return;
        this.#opening = null;
        if (this.#wire === "plain") this.#settle();
        if (rest.length > 0) this.#readFrames(rest);
      }
    } catch (cause) {
      this.lost(cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** @param {string} why */
  lost(why) {
    if (!this.#leaving) this.#hearer.fail(`watcher ${this.index}: ${why}`);
  }

  /** @param {Uint8Array} bytes */
  #readFrames(bytes) {
    const all = this.#begun === null ? bytes : Buffer.concat([this.#begun, bytes]);
    this.#bytes = all;
    const at = readFrames(all, all.length, this.#take);
    this.#begun = at < all.length ? all.slice(at) : null;
  }

  /** @param {number} start */
  #takeOther(start) {
    if (SOCKETIO.isPing(this.#bytes, start)) this.#socket?.write(SOCKETIO.pong);
    else if (SOCKETIO.isOpen(this.#bytes, start)) this.#socket?.write(SOCKETIO.join);
    else if (SOCKETIO.isJoined(this.#bytes, start)) this.#settle();
    else throw new Error("socket.io said something unknown");
  }
}

/** The same for all connections. @type {Parameters<typeof Bun.connect<Watcher>>[0]["socket"]} */
const HANDLERS = {
  open: (socket) => socket.data.connected(socket),
  data: (socket, bytes) => socket.data.read(bytes),
  close: (socket) => socket.data.lost("the server closed it"),
  error: (socket, error) => socket.data.lost(error.message),
  connectError: (socket, error) => socket.data.lost(`no connection: ${error.message}`),
};
