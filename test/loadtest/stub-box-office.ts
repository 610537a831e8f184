/**
 * A box office small enough to be right at a glance, which can be told to lie in one way at a time: so that each
 * promise that the crowd checks is seen to fail the crowd when it is broken.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

export type Lie =
  | "none"
  | "oversells"
  | "keeps the last ticket"
  | "repeats a remaining number"
  | "goes negative"
  | "stock rises"
  | "pushes the same stock twice"
  | "skips an AVISO"
  | "sends two AVISOs"
  | "AVISO before zero"
  | "AVISO to newcomers"
  | "answers nonsense"
  | "answers twice"
  | "refuses by rate"
  | "never answers one"
  | "drops one"
  | "refuses one handshake"
  | "audit does not balance"
  | "audit hides a sale"
  | "audit loses a code";

const NOTICE = "AVISO: O estoque acabou de esgotar!";

export class StubBoxOffice {
  readonly #stock: number;
  readonly #lie: Lie;
  readonly #state: string;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  #left: number;
  #sold = 0;
  #handshakes = 0;
  #lied = false;

  /** @param state what it says over HTTP that the sale is; it sells whatever that is. */
  constructor(stock: number, lie: Lie, state = "open") {
    this.#stock = stock;
    this.#left = stock;
    this.#lie = lie;
    this.#state = state;
    this.#http = createServer((request, response) => this.#answerHttp(request, response));
    this.#sockets = new WebSocketServer({
      server: this.#http,
      verifyClient: () => !(this.#lie === "refuses one handshake" && ++this.#handshakes === 3),
    });
    this.#sockets.on("connection", (socket) => this.#welcome(socket));
  }

  /** @returns the base of its addresses */
  async listen(): Promise<string> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  #welcome(socket: WebSocket): void {
    if (this.#lie === "AVISO to newcomers" && this.#left === 0) socket.send(NOTICE);
    socket.on("message", (data: Buffer) => {
      const command = data.toString();
      if (this.#tellsLie(command, socket)) return;
      if (command === "CONSULTAR") socket.send(`Estoque atual: ${this.#left}`);
      if (command === "COMPRAR") this.#sell(socket);
      if (command === "COMPRAR" && this.#once("answers twice")) socket.send("ERRO: Produto esgotado");
    });
  }

  /** The lies that are told instead of an answer. */
  #tellsLie(command: string, socket: WebSocket): boolean {
    if (command === "COMPRAR" && this.#once("answers nonsense")) socket.send("Compra feita!");
    else if (command === "COMPRAR" && this.#once("refuses by rate")) {
      socket.send("ERRO: Muitas requisições. Tente em 1 s");
    } else if (command === "CONSULTAR" && this.#left === 0 && this.#once("stock rises")) {
      socket.send("Estoque atual: 1");
    } else if (command === "CONSULTAR" && this.#left === 0 && this.#once("goes negative")) {
      socket.send("Estoque atual: -1");
    } else if (this.#once("drops one")) socket.terminate();
    else return this.#once("never answers one");
    return true;
  }

  #sell(socket: WebSocket): void {
    const kept = this.#lie === "keeps the last ticket" ? 1 : 0;
    if (this.#left <= kept && !this.#once("oversells")) {
      socket.send("ERRO: Produto esgotado");
      return;
    }
    this.#sold++;
    const before = this.#left;
    this.#left = Math.max(0, this.#left - 1);
    // From the second sale on, so that it isn't the buyer itself who was told this number before.
    const repeats = this.#left === this.#stock - 2 && this.#once("repeats a remaining number");
    socket.send(`Compra realizada. Estoque restante: ${repeats ? before : this.#left}`);
    this.#push(socket, before);
  }

  #push(buyer: WebSocket, before: number): void {
    const soldOut = this.#left === 0 && before > 0;
    const notices = soldOut ? (this.#lie === "sends two AVISOs" ? 2 : 1) : 0;
    const update = `ESTOQUE: ${this.#left}`;
    for (const socket of this.#sockets.clients) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      const early = this.#lie === "AVISO before zero";
      const skipped = notices > 0 && socket !== buyer && this.#once("skips an AVISO");
      const lines = [
        ...(socket === buyer || before === this.#left ? [] : [update]),
        ...(socket !== buyer && this.#once("pushes the same stock twice") ? [update] : []),
      ];
      const notes = Array.from({ length: skipped ? 0 : notices }, () => NOTICE);
      for (const line of early ? [...notes, ...lines] : [...lines, ...notes]) socket.send(line);
    }
  }

  #answerHttp(request: IncomingMessage, response: ServerResponse): void {
    const sale = {
      state: this.#state,
      capacity: this.#stock,
      available: this.#left,
      held: 0,
      sold: this.#sold,
    };
    if (request.url === "/api/sales/default") response.end(JSON.stringify(sale));
    else if (request.url === "/api/sales/default/audit") response.end(JSON.stringify(this.#audit(sale)));
    else response.writeHead(404).end();
  }

  #audit(sale: { capacity: number; available: number; held: number; sold: number }): object {
    const books = { ...sale, tickets: sale.sold, balanced: true };
    if (this.#lie === "audit does not balance") return { ...books, balanced: false };
    if (this.#lie === "audit loses a code") return { ...books, tickets: sale.sold - 1 };
    if (this.#lie !== "audit hides a sale") return books;
    // Consistent in itself: only who counted the purchases can tell.
    return { ...books, capacity: sale.capacity - 1, sold: sale.sold - 1, tickets: sale.sold - 1 };
  }

  /** Whether this is the lie to tell, and the first time for it. */
  #once(lie: Lie): boolean {
    if (this.#lie !== lie || this.#lied) return false;
    this.#lied = true;
    return true;
  }
}
