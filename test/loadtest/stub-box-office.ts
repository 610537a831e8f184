/**
 * A box office small enough to be right at a glance, which can be told to lie in one way at a time: so that each
 * promise that a crowd checks is seen to fail the crowd when it is broken.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { WebSocket, WebSocketServer } from "ws";

export type Lie =
  | "none"
  | "oversells"
  | "keeps the last ticket"
  | "repeats a remaining number"
  | "answers a purchase with a negative number"
  | "goes negative"
  | "stock rises"
  | "pushes the same stock twice"
  | "skips an AVISO"
  | "sends two AVISOs"
  | "sends one AVISO late"
  | "AVISO before zero"
  | "AVISO to newcomers"
  | "answers nonsense"
  | "answers twice"
  | "answers rubbish as if it were a question"
  | "refuses by rate"
  | "never answers one"
  | "drops one"
  | "refuses one handshake"
  | "dies in the middle"
  | "audit does not balance"
  | "audit hides a sale"
  | "audit invents a sale"
  | "audit loses a code";

const NOTICE = "AVISO: O estoque acabou de esgotar!";

/** How late a late AVISO is. */
const LATE_MS = 3_000;

interface Client {
  /** Whether it hears the stock unasked. */
  readonly hearsStock: boolean;
  readonly isOpen: () => boolean;
  readonly send: (line: string) => void;
  readonly terminate: () => void;
}

export class StubBoxOffice {
  readonly #stock: number;
  readonly #lie: Lie;
  readonly #state: string;
  readonly #http: Server;
  readonly #tcp: TcpServer;
  readonly #clients = new Set<Client>();
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
    const sockets = new WebSocketServer({ server: this.#http, verifyClient: () => this.#lets() });
    sockets.on("connection", (socket) => this.#welcomeWebSocket(socket));
    this.#tcp = createTcpServer((socket) => this.#welcomeTcp(socket));
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
    for (const client of this.#clients) client.terminate();
    const closing = [this.#http, this.#tcp].filter((server) => server.listening);
    const closed = closing.map((server) => once(server, "close"));
    for (const server of closing) server.close();
    this.#http.closeAllConnections();
    await Promise.all(closed);
  }

  #lets(): boolean {
    return !(this.#lie === "refuses one handshake" && ++this.#handshakes === 3);
  }

  #welcomeWebSocket(socket: WebSocket): void {
    const client: Client = {
      hearsStock: true,
      isOpen: () => socket.readyState === WebSocket.OPEN,
      send: (line) => socket.send(line),
      terminate: () => socket.terminate(),
    };
    socket.on("message", (data: Buffer, isBinary) => {
      this.#hear(isBinary ? "" : data.toString(), client);
    });
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#clients.delete(client));
    this.#welcome(client);
  }

  #welcomeTcp(socket: Socket): void {
    const client: Client = {
      hearsStock: false,
      isOpen: () => socket.writable,
      send: (line) => socket.write(`${line}\n`),
      terminate: () => socket.destroy(),
    };
    socket.on("error", () => {});
    socket.on("close", () => this.#clients.delete(client));
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
    if (this.#lie === "AVISO to newcomers" && this.#left === 0) client.send(NOTICE);
  }

  #hear(command: string, client: Client): void {
    if (this.#tellsLie(command, client)) return;
    if (command === "CONSULTAR") client.send(`Estoque atual: ${this.#left}`);
    else if (command === "COMPRAR") this.#sell(client);
    else client.send("ERRO: Comando desconhecido. Envie AJUDA");
    if (command === "COMPRAR" && this.#once("answers twice")) client.send("ERRO: Produto esgotado");
  }

  /** The lies that are told instead of an answer. */
  #tellsLie(command: string, client: Client): boolean {
    const isRubbish = command !== "COMPRAR" && command !== "CONSULTAR";
    if (command === "COMPRAR" && this.#once("answers nonsense")) client.send("Compra feita!");
    else if (command === "COMPRAR" && this.#once("refuses by rate")) {
      client.send("ERRO: Muitas requisições. Tente em 1 s");
    } else if (command === "CONSULTAR" && this.#left === 0 && this.#once("stock rises")) {
      client.send("Estoque atual: 1");
    } else if (command === "CONSULTAR" && this.#left === 0 && this.#once("goes negative")) {
      client.send("Estoque atual: -1");
    } else if (isRubbish && this.#lie === "answers rubbish as if it were a question") {
      client.send(`Estoque atual: ${this.#left}`);
    } else if (this.#sold === this.#stock / 2 && this.#once("dies in the middle")) void this.close();
    else if (this.#once("drops one")) client.terminate();
    else return this.#once("never answers one");
    return true;
  }

  #sell(client: Client): void {
    const kept = this.#lie === "keeps the last ticket" ? 1 : 0;
    if (this.#left <= kept && !this.#once("oversells")) {
      const goesOn = this.#left <= kept && this.#once("answers a purchase with a negative number");
      client.send(goesOn ? "Compra realizada. Estoque restante: -1" : "ERRO: Produto esgotado");
      return;
    }
    this.#sold++;
    const before = this.#left;
    this.#left = Math.max(0, this.#left - 1);
    // From the second sale on, so that it isn't the buyer itself who was told this number before.
    const repeats = this.#left === this.#stock - 2 && this.#once("repeats a remaining number");
    client.send(`Compra realizada. Estoque restante: ${repeats ? before : this.#left}`);
    this.#push(client, before);
  }

  #push(buyer: Client, before: number): void {
    const soldOut = this.#left === 0 && before > 0;
    const notices = soldOut ? (this.#lie === "sends two AVISOs" ? 2 : 1) : 0;
    const update = `ESTOQUE: ${this.#left}`;
    for (const client of this.#clients) {
      if (!client.isOpen()) continue;
      const early = this.#lie === "AVISO before zero";
      const skipped = notices > 0 && client !== buyer && this.#once("skips an AVISO");
      const isLate = notices > 0 && client !== buyer && this.#once("sends one AVISO late");
      if (isLate) setTimeout(() => client.send(NOTICE), LATE_MS);
      const lines = [
        ...(client === buyer || before === this.#left ? [] : [update]),
        ...(client !== buyer && client.hearsStock && this.#once("pushes the same stock twice")
          ? [update]
          : []),
      ].filter(() => client.hearsStock);
      const notes = Array.from({ length: skipped || isLate ? 0 : notices }, () => NOTICE);
      for (const line of early ? [...notes, ...lines] : [...lines, ...notes]) client.send(line);
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
    const more = { "audit hides a sale": -1, "audit invents a sale": 1 }[this.#lie as string];
    if (more === undefined) return books;
    // Consistent in itself: only who counted the purchases can tell.
    const sold = sale.sold + more;
    return { ...books, capacity: sale.capacity + more, sold, tickets: sold };
  }

  /** Whether this is the lie to tell, and the first time for it. */
  #once(lie: Lie): boolean {
    if (this.#lie !== lie || this.#lied) return false;
    this.#lied = true;
    return true;
  }
}
