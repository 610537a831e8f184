/** A raw WebSocket, or any raw socket, of the hostile bench: as cheap as Node can. */
import { connect } from "node:net";
import { FrameReader, pongFrame, CLOSE, PING, TEXT } from "../frame-reader.js";
import { acceptOf, isAccepted, newKey, upgradeRequest } from "../handshake.js";

const HEADERS_END = Buffer.from("\r\n\r\n");

/**
 * @param {number} port
 * @param {(text: string) => void} onText
 * @param {(wasOpen: boolean) => void} onEnd
 * @param {string} [protocol]
 * @returns {Promise<import("node:net").Socket>} once it is a WebSocket
 */
export function openWebSocket(port, onText, onEnd, protocol) {
  return new Promise((resolve, reject) => {
    const key = newKey();
    let head = Buffer.alloc(0);
    /** @type {FrameReader | null} */
    let frames = null;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const request = upgradeRequest(port, key);
    const offer = protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
    socket.on("connect", () => socket.write(request.replace("\r\n\r\n", `\r\n${offer}\r\n`)));
    socket.on("error", () => {});
    socket.on("close", () => {
      if (frames === null) reject(new Error("the handshake failed"));
      else onEnd(true);
    });
    socket.on("data", (/** @type {Buffer} */ chunk) => {
      if (frames !== null) {
        frames.read(chunk, chunk.length);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(HEADERS_END);
      if (end === -1) return;
      if (!isAccepted(head.toString("latin1", 0, end), acceptOf(key))) {
        socket.destroy();
        return;
      }
      frames = new FrameReader((opcode, bytes, start, until) => {
        if (opcode === TEXT) onText(bytes.toString("latin1", start, until));
        else if (opcode === PING) socket.write(pongFrame(bytes.subarray(start, until)));
        else if (opcode === CLOSE) socket.destroy();
      });
      const rest = head.subarray(end + HEADERS_END.length);
      frames.read(rest, rest.length);
      resolve(socket);
    });
  });
}
