import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";
import { stopParsing } from "./http/http-parser.ts";

/**
 * Says something and closes, so that it arrives. Closing a socket with unread bytes in it resets the connection, and a
 * reset takes the answer away from the client who is still sending: so what still comes is read and dropped.
 *
 * @param limits how long the other end may take to close its half, and what it may send meanwhile; then it is cut.
 */
export function sayAndClose(socket: Duplex, words: string, limits: Limits["lastWords"]): void {
  socket.on("error", () => socket.destroy());
  socket.end(words);
  linger(socket, limits);
}

/**
 * The same for what node:http closes behind its last answer, for which it calls `destroySoon`: that would destroy the
 * socket as soon as the answer is written, whatever is unread.
 */
export function lingerWhenDone(socket: Socket, limits: Limits["lastWords"]): void {
  socket.destroySoon = () => {
    if (socket.writable) socket.end();
    if (!socket.destroyed) linger(socket, limits);
  };
}

/** A socket whose both ends are done is closed by itself. Whoever sends too much has to wait for the cut. */
function linger(socket: Duplex, limits: Limits["lastWords"]): void {
  let ignored = 0;
  stopParsing(socket);
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Buffer) => {
    ignored += chunk.length;
    if (ignored > limits.ignoredBytes) socket.pause();
  });
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), limits.patienceMs).unref();
  socket.once("close", () => clearTimeout(cut));
}
