/** A well-behaved WebSocket client, as wscat, k6 and the page are. */
import { once } from "node:events";
import { WebSocket, type RawData } from "ws";
import { JSON_SUBPROTOCOL } from "../../src/protocol/messages.ts";
import { cleanup } from "./cleanup.ts";
import { Inbox, within } from "./inbox.ts";

export interface WsOptions {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class WsClient {
  readonly socket: WebSocket;
  readonly messages = new Inbox<string>();
  readonly closed: Promise<Closed>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data: RawData) => this.messages.push((data as Buffer).toString("utf8")));
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.messages.end();
        resolve({ code, reason: reason.toString("utf8") });
      });
    });
  }

  static async connect(port: number, options: WsOptions = {}): Promise<WsClient> {
    const { path = "/", headers = {}, protocols = [] } = options;
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
    cleanup(() => socket.terminate());
    const client = new WsClient(socket);
    await once(socket, "open");
    return client;
  }

  say(message: string): void {
    this.socket.send(message);
  }

  next(): Promise<string> {
    return this.messages.next();
  }

  ask(message: string): Promise<string> {
    this.say(message);
    return this.next();
  }

  untilClosed(): Promise<Closed> {
    return within(this.closed, "the WebSocket closes");
  }

  close(): void {
    this.socket.close();
  }
}

/** One message of the JSON dialect. */
export type Json = Record<string, unknown>;

/** A WebSocket that speaks JSON; its `hello` has been taken. */
export class JsonClient {
  readonly ws: WsClient;
  readonly hello: Json;

  private constructor(ws: WsClient, hello: Json) {
    this.ws = ws;
    this.hello = hello;
  }

  static async connect(port: number, options: WsOptions = {}): Promise<JsonClient> {
    const ws = await WsClient.connect(port, { protocols: [JSON_SUBPROTOCOL], ...options });
    return new JsonClient(ws, JSON.parse(await ws.next()) as Json);
  }

  say(message: Json): void {
    this.ws.say(JSON.stringify(message));
  }

  async next(): Promise<Json> {
    return JSON.parse(await this.ws.next()) as Json;
  }

  ask(message: Json): Promise<Json> {
    this.say(message);
    return this.next();
  }

  /** The next message of a type; the ones before it are passed over. */
  async untilType(type: string): Promise<Json> {
    return JSON.parse(
      await this.ws.messages.until((text) => (JSON.parse(text) as Json)["type"] === type),
    ) as Json;
  }
}
