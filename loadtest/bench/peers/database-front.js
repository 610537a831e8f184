/**
 * The same front as the bare `ws` server, with a database that sells: `database-front.js redis|postgres <socket>`.
 * Whoever is connected hears the newest stock in our rhythm.
 */
import { createServer } from "node:http";
import { WebSocketServer } from "../product-ws.js";
import { BACKLOG, sayPort } from "./box-office.js";
import { inSlices, Rhythm } from "./rhythm.js";

/**
 * @typedef {object} Store
 * @property {() => Promise<number | null>} buy what is left afterwards; null when nothing was
 * @property {() => Promise<{ sold: number, tickets: number }>} audit
 */

const [kind = "", socket = ""] = process.argv.slice(2);
const { open } = await (kind === "redis" ? import("./redis-store.js") : import("./postgres-store.js"));
/** @type {Store} */
const store = await open(socket);

const http = createServer((_request, response) => {
  void store.audit().then((audit) => response.end(JSON.stringify(audit)));
});
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
let available = Number.MAX_SAFE_INTEGER;
const rhythm = new Rhythm((done) =>
  inSlices(
    server.clients,
    (client) => {
      if (client.readyState === client.OPEN) client.send(`ESTOQUE: ${available}`);
    },
    done,
  ),
);

server.on("connection", (webSocket) => {
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", () => void answer(webSocket));
});

/** @param {import("ws").WebSocket} webSocket */
async function answer(webSocket) {
  const left = await store.buy();
  if (left === null) {
    webSocket.send("ERRO: Produto esgotado");
    return;
  }
  webSocket.send(`Compra realizada. Estoque restante: ${left}`);
  available = Math.min(available, left);
  rhythm.changed();
}

http.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
  const address = http.address();
  if (typeof address === "object" && address !== null) sayPort(address.port);
});
process.on("SIGTERM", () => process.exit(0));
