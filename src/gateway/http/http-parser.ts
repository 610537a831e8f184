/** What is known here of the inside of node:http, and nowhere else. */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

interface Request {
  /** Whether the parser found that it wants another protocol. */
  upgrade: boolean;
}

interface Parsed extends Duplex {
  readonly parser?: { onIncoming?: ((request: Request) => number) | null } | null;
  /** The answer that is being written. */
  readonly _httpMessage?: ServerResponse | null;
}

/** What the parser is told of a request whose rest, and all that follows in the same read, is of another protocol. */
const NOT_HTTP = 2;

/**
 * Takes a socket away from node:http's parser, which lets go of it once there is a listener for its data. Answers can
 * still be written. What comes in isn't read; node may resume it after each of them, for one read at a time then.
 *
 * Of the read that it is in the middle of, the parser reads at most one more request: one read may hold 1,800, and each
 * would cost the others the time of its objects, and of an error when the socket closes. Where node:http has no such
 * place to say so, all of them are parsed: slower, still right.
 */
export function stopParsing(socket: Duplex): void {
  const { parser } = socket as Parsed;
  if (typeof parser?.onIncoming === "function") parser.onIncoming = passOver;
  socket.on("data", () => undefined).removeAllListeners("data");
  socket.on("data", () => socket.pause());
  socket.pause();
}

/** One that wants to upgrade isn't looked at either. */
function passOver(request: Request): number {
  request.upgrade = false;
  return NOT_HTTP;
}

/**
 * With an upgrade node:http lets go of the socket, also where answers to earlier requests are still being written: of what
 * is wrong with it, of its silence, and of the word that it has room again, without which a long answer never goes on.
 *
 * @param silent told when nothing has moved for as long as the socket was told.
 */
export function keepHold(socket: Parsed, silent: () => void): void {
  socket.on("error", () => socket.destroy());
  socket.on("timeout", silent);
  socket.on("drain", () => socket._httpMessage?.emit("drain"));
}

/**
 * Does something in which node:http closes the connections that it takes for idle, and keeps these from it: it only asks
 * whether an answer was given away, not whether it has left, nor whether others wait behind it.
 */
export function sparing(sockets: readonly Duplex[], close: () => void): void {
  // The own property hides the method, and is gone again before anybody else comes to run.
  for (const socket of sockets) socket.destroy = () => socket;
  try {
    close();
  } finally {
    for (const socket of sockets) Reflect.deleteProperty(socket, "destroy");
  }
}
