import { createServer, type Server } from "node:net";

/**
 * The ports as they were asked for, with a free one in place of each 0. Workers are told a number, since those that
 * come later must listen where the first ones do.
 *
 * Nobody holds the ports between here and the workers' own listening: whoever asks tries again if one was taken.
 */
export async function freePorts(ports: readonly number[], host: string | undefined): Promise<number[]> {
  const held: Server[] = [];
  const found: number[] = [];
  try {
    for (const port of ports) {
      if (port !== 0) {
        found.push(port);
        continue;
      }
      const server = createServer();
      held.push(server);
      found.push(await listenAnywhere(server, host));
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return found;
}

function listenAnywhere(server: Server, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, exclusive: true, ...(host === undefined ? {} : { host }) }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
