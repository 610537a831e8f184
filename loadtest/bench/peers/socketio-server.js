/** socket.io over WebSocket alone, and its own broadcast. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { BACKLOG, BoxOffice, readOptions, sayPort } from "./box-office.js";
import { Rhythm } from "./rhythm.js";

const http = createServer();
const server = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

const office = new BoxOffice(
  readOptions(process.argv.slice(2)),
  {
    tell: (text) => void server.emit("m", text),
    goRound: (done) => {
      const started = performance.now();
      server.emit("m", office.newest());
      done(performance.now() - started);
    },
  },
  Rhythm,
);

server.on("connection", (socket) => {
  socket.on("m", (command) => office.take(String(command), (text) => void socket.emit("m", text)));
});

http.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, () => {
  const address = http.address();
  if (typeof address === "object" && address !== null) sayPort(address.port);
});
process.on("SIGTERM", () => process.exit(0));
