/**
 * A box office small enough to be right at a glance, which can be told to lie in one way at a time: so that each
 * promise that a crowd checks is seen to fail the crowd when it is broken.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { jsonClient, tcpClient, webSocketClient } from "./stub-clients.ts";
import { StubHttp } from "./stub-http.ts";
import type { Client, Lie, Office, Sale } from "./stub-office.ts";

/** How late a late AVISO is. */
const LATE_MS = 3_000;
/** How slow a slow answer is. */
const SLOW_MS = 800;

export class StubBoxOffice implements Office {
  readonly #lie: Lie;
  readonly #http: Server;
  readonly #tcp: TcpServer;
  readonly #clients = new Set<Client>();
  readonly #timers: NodeJS.Timeout[] = [];
  #sale = "default";
  #stock: number;
  #state: string;
  #left: number;
  #sold = 0;
  #handshakes = 0;
  #lied = false;
  /** Is told nothing any more unless it asks. */
  #forgotten: Client | null = null;

  /** @param state what it says that the sale is; it sells unless that is `scheduled`. */
  constructor(stock: number, lie: Lie, state = "open") {
    this.#stock = stock;
    this.#left = stock;
    this.#lie = lie;
    this.#state = state;
    const http = new StubHttp(this);
    this.#http = createServer((request, response) => void http.answer(request, response));
    const sockets = new WebSocketServer({ server: this.#http, verifyClient: () => this.#lets() });
    sockets.on("connection", (socket) => this.#welcomeWebSocket(socket));
    this.#tcp = createTcpServer((socket) => this.#welcomeTcp(socket));
  }

  get sale(): Sale {
    return {
      sale: this.#sale,
      state: this.#state,
      capacity: this.#stock,
      available: this.#left,
      held: 0,
      sold: this.#sold,
    };
  }

  get sockets(): number {
    return this.#clients.size;
  }

  /** @returns the base of its addresses */
  async listen(): Promise<string> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** @returns the port where it speaks text over raw TCP */
  async listenTcp(): Promise<number> {
    this.#tcp.listen(0, "127.0.0.1");
    await once(this.#tcp, "listening");
    return (this.#tcp.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const client of this.#clients) client.terminate();
    const closing = [this.#http, this.#tcp].filter((server) => server.listening);
    const closed = closing.map((server) => once(server, "close"));
    for (const server of closing) server.close();
    this.#http.closeAllConnections();
    await Promise.all(closed);
  }

  lies(lie: Lie): boolean {
    return this.#lie === lie;
  }

  once(lie: Lie): boolean {
    if (this.#lie !== lie || this.#lied) return false;
    this.#lied = true;
    return true;
  }

  begin(sale: string, stock: number, opensAt: number | null): void {
    this.#sale = sale;
    this.#stock = stock;
    this.#left = stock;
    this.#sold = 0;
    this.#state = opensAt === null ? "open" : "scheduled";
    if (opensAt !== null) this.#timers.push(setTimeout(() => this.#open(), opensAt - Date.now()));
  }

  take(buyer: Client | null): number | null {
    const kept = this.#lie === "keeps the last ticket" ? 1 : 0;
    if (this.#left <= kept && !this.once("oversells")) return null;
    this.#sold++;
    const before = this.#left;
    this.#left = Math.max(0, this.#left - 1);
    // From the second sale on, so that it isn't the buyer itself who was told this number before.
    const repeats = this.#left === this.#stock - 2 && this.once("repeats a remaining number");
    const left = repeats ? before : this.#left;
    // The answer comes first.
    queueMicrotask(() => this.#push(buyer, before));
    return left;
  }

  #lets(): boolean {
    return !(this.#lie === "refuses one handshake" && ++this.#handshakes === 3);
  }

  #open(): void {
    this.#state = "open";
    for (const client of this.#clients) {
      if (!this.once("opens without an AVISO to one")) client.say("AVISO: Venda aberta");
    }
  }

  #welcomeWebSocket(socket: WebSocket): void {
    const isJson = socket.protocol !== "";
    const client = isJson ? jsonClient(socket, this) : webSocketClient(socket);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isJson) this.#subscribe(client);
      else this.#hear(isBinary ? "" : data.toString(), client);
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#forget(client));
    this.#welcome(client);
  }

  #subscribe(client: Client): void {
    client.hearsStock = true;
    client.tellStock(this.#left);
  }

  #welcomeTcp(socket: Socket): void {
    const client = tcpClient(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#forget(client));
    let unfinished = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) this.#hear(line, client);
    });
    this.#welcome(client);
  }

  #welcome(client: Client): void {
    this.#clients.add(client);
    if (this.#lie === "AVISO to newcomers" && this.#left === 0) client.tellNotice();
  }

  #forget(client: Client): void {
    if (this.#lie !== "keeps sockets") this.#clients.delete(client);
  }

  #hear(command: string, client: Client): void {
    if (this.#tellsLie(command, client)) return;
    if (command === "CONSULTAR") client.say(`Estoque atual: ${this.#left}`);
    else if (command === "COMPRAR") this.#sell(client);
    else client.say("ERRO: Comando desconhecido. Envie AJUDA");
    if (command === "COMPRAR" && this.once("answers twice")) client.say("ERRO: Produto esgotado");
    // Near the end, so that whoever comes and goes doesn't come once more.
    const ends = command === "COMPRAR" && this.#left <= this.#stock / 4 && this.#left > 0;
    if (ends && this.once("forgets one connection")) this.#forgotten = client;
  }

  /** The lies that are told instead of an answer. */
  #tellsLie(command: string, client: Client): boolean {
    const isRubbish = command !== "COMPRAR" && command !== "CONSULTAR";
    if (command === "COMPRAR" && this.once("answers nonsense")) client.say("Compra feita!");
    else if (command === "COMPRAR" && this.once("refuses by rate")) {
      client.say("ERRO: Muitas requisições. Tente em 1 s");
    } else if (command === "COMPRAR" && this.#state === "open" && this.#lie === "answers slowly") {
      this.#timers.push(setTimeout(() => this.#sell(client), SLOW_MS));
    } else if (command === "CONSULTAR" && this.#left === 0 && this.once("stock rises")) {
      client.say("Estoque atual: 1");
    } else if (command === "CONSULTAR" && this.#left === 0 && this.once("goes negative")) {
      client.say("Estoque atual: -1");
    } else if (isRubbish && this.#lie === "answers rubbish as if it were a question") {
      client.say(`Estoque atual: ${this.#left}`);
    } else if (this.#sold === this.#stock / 2 && this.once("dies in the middle")) void this.close();
    else if (this.once("drops one")) client.terminate();
    else return this.once("never answers one");
    return true;
  }

  #sell(client: Client): void {
    if (this.#state === "scheduled" && this.#lie !== "sells before the opening") {
      client.say("ERRO: Venda ainda não aberta. Abre em 00:00:01");
      return;
    }
    const left = this.take(client);
    if (left !== null) client.say(`Compra realizada. Estoque restante: ${left}`);
    else if (this.once("answers a purchase with a negative number")) {
      client.say("Compra realizada. Estoque restante: -1");
    } else client.say("ERRO: Produto esgotado");
  }

  #push(buyer: Client | null, before: number): void {
    const soldOut = this.#left === 0 && before > 0;
    const notices = soldOut ? (this.#lie === "sends two AVISOs" ? 2 : 1) : 0;
    for (const client of this.#clients) {
      if (!client.isOpen() || client === this.#forgotten) continue;
      const isOther = client !== buyer;
      if (notices > 0 && isOther && this.once("sends one AVISO late")) {
        this.#timers.push(setTimeout(() => client.tellNotice(), LATE_MS));
        continue;
      }
      const skipped = notices > 0 && isOther && this.once("skips an AVISO");
      const notify = (): void => {
        for (let i = 0; i < (skipped ? 0 : notices); i++) client.tellNotice();
      };
      if (this.#lie === "AVISO before zero") notify();
      if (client.hearsStock && isOther && before !== this.#left) this.#pushStock(client, soldOut);
      if (this.#lie !== "AVISO before zero") notify();
    }
  }

  #pushStock(client: Client, isLast: boolean): void {
    if (this.#lie === "pushes no number") return;
    if (isLast && client.speaksJson && this.once("never pushes the last number to one program")) return;
    client.tellStock(this.#left);
    if (this.once("pushes the same stock twice")) client.tellStock(this.#left);
    if (this.once("pushes a higher number")) client.tellStock(this.#left + 1);
  }
}
