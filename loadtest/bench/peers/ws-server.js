/** A bare `ws` server with a `send` loop. */
import { createServer } from "node:http";
import { WebSocketServer } from "../product-ws.js";
import { BACKLOG, BoxOffice, readOptions, sayPort } from "./box-office.js";
import { inSlices, Rhythm } from "./rhythm.js";

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });

const office = new BoxOffice(
  readOptions(process.argv.slice(2)),
  {
    tell: (text) => {
      for (const client of server.clients) if (client.readyState === client.OPEN) client.send(text);
    },
    goRound: (done) =>
      inSlices(
        server.clients,
        (client) => {
          if (client.readyState === client.OPEN) client.send(office.newest());
        },
        done,
      ),
  },
  Rhythm,
);

server.on("connection", (webSocket) => {
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", (data) => {
    office.take(/** @type {Buffer} */ (data).toString(), (text) => webSocket.send(text));
  });
});

http.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
  const address = http.address();
  if (typeof address === "object" && address !== null) sayPort(address.port);
});
process.on("SIGTERM", () => process.exit(0));
