/**
 * A WebSocket of `ws` whose inside is made when it is first needed. Its receiver, its sender and their listeners take a
 * third of what a connection takes (docs/decisions/0015-the-inside-of-a-websocket.md), and most connections do nothing in
 * their life that needs them: they watch, answer pings, and send a few short commands.
 *
 * While it sleeps the socket's bytes are read here, as long as they are whole short frames (short-frames.ts). The first
 * that aren't wake it, and so does whatever else `ws` is needed for: a close, a pause, the end of the input. The inside
 * is then made by `ws` itself, between two messages, as it would have been made at the handshake, and from then on
 * `ws` judges all that isn't short.
 *
 * Where the inside of `ws` or Node looks different, it never sleeps: slower, still right. `bufferedAmount` is the one thing
 * that a sleeper can't be asked: the backlog is counted where it is written (websocket-writer.ts).
 */
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { WebSocket } from "ws";
import { readShortFrames, type FrameTaker } from "./short-frames.ts";
import { isToBeReadNoMore, readInto, stopReading, type ByteTaker } from "../socket-handle.ts";

/** What `ws` makes the inside with. */
type Options = Readonly<Record<string, unknown>>;

type SetSocket = (this: WebSocket, socket: Socket, head: Buffer, options: Options) => void;

/** What of the receiver of `ws` is looked at. */
export interface Receiver extends Writable {
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly _opcode: number;
  readonly _loop: boolean;
}

/** What of `ws` is looked at or set here. */
interface Inside {
  _socket: Socket | null;
  _readyState: number;
  _bufferedAmount: number;
  readonly _receiver: Receiver | null;
}

const BETWEEN_FRAMES = 0;
const CLOSE = 8;

/** The socket of a sleeper names it, so that all can share one listener. */
const SLEEPER = Symbol("sleeper");
type Bed = Socket & { [SLEEPER]?: LazyWebSocket };

const { setSocket: makeInside } = WebSocket.prototype as unknown as { setSocket: SetSocket };

const NOTHING = Buffer.alloc(0);
const PING = Buffer.from([0x89, 0]);
const ABNORMAL_CLOSURE = 1006;

/** The same for all connections of one server, so one of them is kept. */
let shared: Options = {};

export abstract class LazyWebSocket extends WebSocket implements ByteTaker, FrameTaker {
  /** Null while it is awake. */
  #asleep: Options | null = null;

  abstract takeText(text: string): boolean;

  abstract takePong(): void;

  /** Called by `ws` once the handshake is written. */
  setSocket(socket: Socket, head: Buffer, options: Options): void {
    if (head.length === 0 && socket.readableLength === 0 && this.#canSleep() && readInto(socket, this))
      this.#fallAsleep(socket, options);
    else {
      makeInside.call(this, socket, head, options);
      if (looksRight(this.#inside._receiver)) readInto(socket, this);
    }
  }

  takeBytes(bytes: Buffer, length: number): number {
    if (!this.#isBetweenMessages()) return 0;
    const taken = readShortFrames(bytes, length, this);
    if (taken === length) return taken;
    const { _socket: socket } = this.#inside;
    // What one of these texts led to.
    if (socket !== null && isToBeReadNoMore(socket)) return length;
    this.#wake();
    return taken;
  }

  takeEnd(): void {
    this.#wake();
  }

  override ping(...given: Parameters<WebSocket["ping"]>): void {
    if (this.#asleep !== null && given.length === 0) this.#inside._socket?.write(PING);
    else {
      this.#wake();
      super.ping(...given);
    }
  }

  override pong(...given: Parameters<WebSocket["pong"]>): void {
    this.#wake();
    super.pong(...given);
  }

  override send(...given: unknown[]): void {
    this.#wake();
    (super.send as (...given: unknown[]) => void).apply(this, given);
  }

  override terminate(): void {
    this.#wake();
    super.terminate();
  }

  override close(code?: number, reason?: string | Buffer): void {
    this.#wake();
    super.close(code, reason);
  }

  override pause(): void {
    this.#wake();
    super.pause();
  }

  /** For good: what it still sends isn't looked at any more, not even for its goodbye. */
  stopReading(): void {
    this.pause();
    const { _socket: socket } = this.#inside;
    if (socket !== null) stopReading(socket);
  }

  override resume(): void {
    // A sleeper isn't paused.
    if (this.#asleep === null) super.resume();
  }

  /** The socket is gone, and no goodbye came before. */
  gone(): void {
    if (this.#asleep === null) return;
    this.#asleep = null;
    // What a WebSocket of `ws` is like that never had a socket: it still answers all that it may be asked.
    this.#inside._socket = null;
    this.#inside._bufferedAmount = 0;
    this.#inside._readyState = WebSocket.CLOSED;
    this.emit("close", ABNORMAL_CLOSURE, NOTHING);
  }

  get #inside(): Inside {
    return this as unknown as Inside;
  }

  #canSleep(): boolean {
    const { _socket, _readyState, _receiver } = this.#inside;
    return (
      _socket === null && _readyState === WebSocket.CONNECTING && _receiver === null && this.extensions === ""
    );
  }

  #fallAsleep(socket: Bed, options: Options): void {
    if (!isSame(shared, options)) shared = options;
    this.#asleep = shared;
    this.#inside._socket = socket;
    this.#inside._readyState = WebSocket.OPEN;
    socket[SLEEPER] = this;
    socket.on("close", goneAsleep).on("error", ignore);
    socket.setTimeout(0);
    // Nobody listens for its data: what isn't taken here wakes somebody who does.
    socket.resume();
  }

  #wake(): void {
    const { _socket: socket } = this.#inside;
    const options = this.#asleep;
    if (options === null || socket === null) return;
    this.#asleep = null;
    socket.off("close", goneAsleep).off("error", ignore);
    makeInside.call(this, socket, NOTHING, options);
  }

  /** Nothing of it is under way or waits anywhere between the system and the receiver. */
  #isBetweenMessages(): boolean {
    const { _socket: socket, _receiver: receiver } = this.#inside;
    if (this.readyState !== WebSocket.OPEN || socket === null) return false;
    if (socket.readableFlowing !== true || socket.readableLength > 0) return false;
    return this.#asleep !== null || (receiver !== null && isAtRest(receiver));
  }
}

/** Whether a receiver is between two messages and free. */
function isAtRest(receiver: Receiver): boolean {
  const { _state, _bufferedBytes, _fragmented, _loop, _opcode, writableLength } = receiver;
  const isBetween = _state === BETWEEN_FRAMES && _bufferedBytes === 0 && _fragmented === 0;
  return isBetween && !_loop && _opcode !== CLOSE && writableLength === 0;
}

/** Whether this `ws` looks as expected. */
export function looksRight(receiver: Receiver | null): receiver is Receiver {
  return (
    receiver instanceof Writable &&
    receiver._state === BETWEEN_FRAMES &&
    [receiver._bufferedBytes, receiver._fragmented, receiver._opcode].every((value) => value === 0) &&
    typeof receiver._loop === "boolean"
  );
}

function goneAsleep(this: Bed): void {
  this[SLEEPER]?.gone();
}

function ignore(): void {
  // The close that follows says all there is to say.
}

function isSame(one: Options, other: Options): boolean {
  const names = Object.keys(other);
  return names.length === Object.keys(one).length && names.every((name) => one[name] === other[name]);
}
