import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Says something and closes, so that it arrives. Closing a socket with unread bytes in it resets the connection, and a
 * reset takes the answer away from the client who is still sending: so what still comes is read and dropped.
 *
 * @param patienceMs how long the other end may take to close its half; then it is cut.
 */
export function sayAndClose(socket: Duplex, words: string, patienceMs: number): void {
  socket.on("error", () => socket.destroy());
  socket.end(words);
  linger(socket, patienceMs);
}

/**
 * The same for what node:http closes behind its last answer, for which it calls `destroySoon`: that would destroy the
 * socket as soon as the answer is written, whatever is unread.
 */
export function lingerWhenDone(socket: Socket, patienceMs: number): void {
  socket.destroySoon = () => {
    if (socket.writable) socket.end();
    if (!socket.destroyed) linger(socket, patienceMs);
  };
}

/** A socket whose both ends are done is closed by itself. */
function linger(socket: Duplex, patienceMs: number): void {
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), patienceMs).unref();
  socket.once("close", () => clearTimeout(cut));
}
