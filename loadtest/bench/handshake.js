/** The opening of a WebSocket (RFC 6455, section 4), as a client does it. */
import { createHash, randomBytes } from "node:crypto";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function newKey() {
  return randomBytes(16).toString("base64");
}

/** @param {number} port @param {string} key @param {string} [path] */
export function upgradeRequest(port, key, path = "/") {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    "\r\n",
  ].join("\r\n");
}

/** What the server has to answer to this key. @param {string} key */
export function acceptOf(key) {
  return createHash("sha1")
    .update(key + MAGIC)
    .digest("base64");
}

/** @param {string} response the status line and the headers @param {string} accept */
export function isAccepted(response, accept) {
  const [status = "", ...headers] = response.split("\r\n");
  const given = headers.find((header) => /^sec-websocket-accept:/i.test(header));
  return status.startsWith("HTTP/1.1 101 ") && given?.slice(given.indexOf(":") + 1).trim() === accept;
}
