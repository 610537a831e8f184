/** The organiser's side of our server. */
import { connect } from "node:net";
import { once } from "node:events";

export const ADMIN_TOKEN = "bench-organiser-token";

/**
 * One request for each quantity, each on a socket of its own, all written in the same turn: our server reads them in
 * one turn too, and decides them as one batch.
 *
 * @param {number} port @param {readonly number[]} quantities
 */
export async function restockOurs(port, quantities) {
  const sockets = quantities.map(() => connect({ port, host: "127.0.0.1", noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const answers = sockets.map((socket) => once(socket, "data"));
  for (const [i, socket] of sockets.entries()) socket.write(restockRequest(port, quantities[i] ?? 0));
  for (const answer of answers) {
    const text = String((await answer)[0]);
    if (!text.startsWith("HTTP/1.1 200")) throw new Error(`a restocking failed: ${text}`);
  }
  for (const socket of sockets) socket.destroy();
}

/** @param {number} port @param {number} quantity */
function restockRequest(port, quantity) {
  const body = JSON.stringify({ quantity });
  return [
    "POST /api/admin/sales/default/restock HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${ADMIN_TOKEN}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}
