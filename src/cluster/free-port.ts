import { createServer, type Server } from "node:net";

/**
 * The ports as they were asked for, with a free one in place of each 0; each could be listened on a moment ago.
 * Workers are told a number, since those that come later must listen where the first ones do.
 *
 * Nobody holds the ports between here and the workers' own listening: whoever asks tries again if one was taken.
 *
 * @throws the system's error if a port that was asked for can't be listened on.
 */
export async function freePorts(ports: readonly number[], host: string | undefined): Promise<number[]> {
  const held: Server[] = [];
  const found: number[] = [];
  try {
    for (const port of ports) {
      // Clients that reconnect may come in this moment already, and whoever is let in keeps it from being closed.
      const server = createServer((socket) => socket.destroy());
      found.push(await listen(server, port, host));
      held.push(server);
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return found;
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, exclusive: true, ...(host === undefined ? {} : { host }) }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
