/** What `ws` does when there is nothing to do: each message goes back as it came. Prints its port and a newline. */
import { WebSocketServer } from "./product-ws.js";

const server = new WebSocketServer({ port: 0, perMessageDeflate: false }, () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.stdout.write(`${address.port}\n`);
});

server.on("connection", (webSocket) => {
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", (data, binary) => webSocket.send(data, { binary }));
});

process.on("SIGTERM", () => process.exit(0));
