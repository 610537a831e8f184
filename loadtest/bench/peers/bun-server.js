/** Bun's own server and its native `publish`. Runs under Bun. */
import { BoxOffice, readOptions, sayPort } from "./box-office.js";
import { Rhythm } from "./rhythm.js";

const EVERYONE = "everyone";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response("a WebSocket is expected", { status: 400 }),
  websocket: {
    perMessageDeflate: false,
    open: (socket) => socket.subscribe(EVERYONE),
    message: (socket, command) => office.take(String(command), (text) => void socket.send(text)),
  },
});

const office = new BoxOffice(
  readOptions(process.argv.slice(2)),
  {
    tell: (text) => void server.publish(EVERYONE, text),
    goRound: (done) => {
      const started = performance.now();
      server.publish(EVERYONE, office.newest());
      done(performance.now() - started);
    },
  },
  Rhythm,
);

sayPort(server.port);
process.on("SIGTERM", () => process.exit(0));
