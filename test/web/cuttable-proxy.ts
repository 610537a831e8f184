import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { cleanup } from "../support/cleanup.ts";

/** Stands between a browser and the server, and can lose things at the worst instant. */
export class CuttableProxy {
  readonly port: number;
  readonly #pairs: Set<Pair>;

  private constructor(port: number, pairs: Set<Pair>) {
    this.port = port;
    this.#pairs = pairs;
  }

  static async open(target: number): Promise<CuttableProxy> {
    const pairs = new Set<Pair>();
    const server = createServer((browser) => {
      const pair = new Pair(browser, connect(target, "127.0.0.1"));
      pairs.add(pair);
      browser.on("close", () => pairs.delete(pair));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup(() => {
      for (const pair of pairs) pair.cut();
      server.close();
    });
    return new CuttableProxy((server.address() as AddressInfo).port, pairs);
  }

  /** From now on nothing that the server says on WebSockets that are open arrives; what browsers say does. */
  loseAnswers(): void {
    for (const pair of this.#pairs) pair.deaf = pair.isWebSocket;
  }

  cut(): void {
    for (const pair of this.#pairs) pair.cut();
  }
}

class Pair {
  deaf = false;
  isWebSocket = false;
  readonly #browser: Socket;
  readonly #server: Socket;

  constructor(browser: Socket, server: Socket) {
    this.#browser = browser;
    this.#server = server;
    browser.on("error", () => {}).on("close", () => server.destroy());
    server.on("error", () => {}).on("close", () => browser.destroy());
    browser.on("data", (bytes: Buffer) => {
      // A browser keeps its other connections for the next page, which has to arrive.
      this.isWebSocket ||= /^upgrade: websocket/im.test(bytes.toString("latin1"));
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (!this.deaf) browser.write(bytes);
    });
  }

  cut(): void {
    this.#browser.destroy();
    this.#server.destroy();
  }
}
