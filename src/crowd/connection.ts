/**
 * One connection of one person: what it was told, and what was wrong with that. People may have several one after the
 * other; what is owed is owed to a connection.
 */
import { now } from "./clock.ts";
import { isFair, type Asked } from "./fair-answer.ts";
import { readLine, type Line } from "./line.ts";
import type { Tally } from "./tally.ts";
import { TcpWire } from "./tcp-wire.ts";
import type { Transport } from "./plan.ts";
import { WebSocketWire } from "./websocket-wire.ts";
import type { Place, Wire } from "./wire.ts";

interface Command {
  readonly asked: Asked;
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (line: Line | null) => void;
}

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly place: Place;
  readonly tally: Tally;
  /** For a handshake, and for an answer. */
  readonly replyMs: number;
  /** Comes when everything is gone, to hear nothing. */
  readonly newcomer: boolean;
}

export class Connection {
  /** Resolves to whether it opened; never rejects. */
  readonly opened: Promise<boolean>;
  readonly wire: Wire;
  /** Had certainly joined before the last sale: it was there before the doors opened, or saw a stock above 0. */
  isOwed = false;
  notices = 0;
  noticedAt = 0;
  /** When it last began to read again; what waited for that is not the server's delay. */
  resumedAt = 0;
  resumedBeforeNotice = 0;
  readonly #options: ConnectionOptions;
  readonly #tally: Tally;
  #settleOpening: (opened: boolean) => void = () => {};
  #isOpen = false;
  #isOver = false;
  #isLost = false;
  #told: number | null = null;
  #knowsSoldOut = false;
  /** The server is about to close it, and is right to. */
  #mayEnd: (() => void) | null = null;
  #command: Command | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#tally = options.tally;
    this.opened = new Promise((resolve) => (this.#settleOpening = resolve));
    const timer = setTimeout(() => this.#break("o handshake não terminou"), options.replyMs);
    const events = {
      opened: () => {
        clearTimeout(timer);
        this.#isOpen = true;
        this.#settleOpening(true);
      },
      line: (text: string) => this.#hear(text),
      closed: (why: string) => {
        clearTimeout(timer);
        this.#lose(why);
      },
    };
    this.wire =
      options.transport === "tcp"
        ? new TcpWire(options.place, events)
        : new WebSocketWire(options.place, events);
  }

  get isAlive(): boolean {
    return this.#isOpen && !this.#isOver;
  }

  /** It ended when it shouldn't have. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Reads again after `wire.pause()`. */
  resume(): void {
    this.resumedAt = now();
    this.wire.resume();
  }

  /** Sends it and waits. Resolves to null where no answer came, which has been complained about by then. */
  ask(asked: Asked, send: () => void): Promise<Line | null> {
    if (!this.isAlive) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#tally.complain("unanswered", asked);
        this.#isLost = true;
        this.abandon("close");
      }, this.#options.replyMs);
      this.#command = { asked, sentAt: now(), timer, resolve };
      send();
    });
  }

  /** Resolves when the server has closed it, which it must do. */
  async expectEnd(): Promise<void> {
    if (!this.isAlive) return;
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve) => (this.#mayEnd = resolve));
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#tally.complain("unanswered", "um quadro quebrado, que devia fechar a conexão");
        this.#isLost = true;
        resolve();
      }, this.#options.replyMs);
    });
    await Promise.race([ended, late]);
    clearTimeout(timer);
    this.abandon("close");
  }

  /** Breaks it without a word. @returns whether a COMPRAR was on its way. */
  abandon(how: "close" | "reset"): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    const wasBuying = this.#command?.asked === "COMPRAR";
    this.wire.cut(how);
    this.#settle(null);
    return wasBuying;
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.wire.leave();
    this.#settle(null);
  }

  #hear(text: string): void {
    if (this.#isOver) return;
    const line = readLine(text);
    switch (line.kind) {
      case "pushed":
        if (line.left === this.#told) this.#tally.complain("stale_push", text);
        this.#learn(line.left, text);
        return;
      case "sold_out_notice":
        this.#hearNotice(text);
        return;
      case "other_notice":
        return;
      default:
        this.#hearAnswer(line, text);
    }
  }

  #hearNotice(text: string): void {
    if (this.#options.newcomer) {
      this.#tally.complain("notice_undue", text);
      return;
    }
    this.notices += 1;
    if (this.notices > 1) {
      this.#tally.complain("notice_repeated", text);
      return;
    }
    this.#tally.counts.noticed += 1;
    this.noticedAt = now();
    this.resumedBeforeNotice = this.resumedAt;
    // Over TCP nobody is told the stock unasked; whoever is told more than 0 from now on complains of that.
    if (this.#options.transport === "ws" && this.#told !== null && this.#told !== 0) {
      this.#tally.complain("notice_early", `${text} depois de ${this.#told}`);
    }
    this.#knowZero(this.noticedAt);
  }

  #hearAnswer(line: Line, text: string): void {
    const command = this.#command;
    if (command === null) {
      this.#tally.complain("unexpected_reply", `${JSON.stringify(text)} sem pergunta`);
      return;
    }
    this.#check(command, line, text);
    this.#settle(line);
  }

  #check({ asked, sentAt }: Command, line: Line, text: string): void {
    const heardAt = now();
    // Whoever reads slowly would measure itself.
    if (this.resumedAt < sentAt && asked !== "rubbish") {
      (asked === "COMPRAR" ? this.#tally.buy : this.#tally.query).add(heardAt - sentAt);
    }
    if (asked !== "rubbish" && line.kind === "refused") this.#countRefusal(line.reason, heardAt);
    if (line.kind === "bought") this.#countPurchase(line.left, sentAt);
    if (line.kind === "bought" || line.kind === "left") this.#learn(line.left, text);
    if (!isFair(asked, line)) this.#tally.complain("unexpected_reply", `${JSON.stringify(text)} a ${asked}`);
  }

  #countRefusal(reason: string, heardAt: number): void {
    const name = reason === "sold_out" ? "soldOut" : reason === "busy" ? "busy" : "otherRefusals";
    this.#tally.counts[name] += 1;
    if (reason === "sold_out") this.#knowZero(heardAt);
  }

  #countPurchase(left: number, sentAt: number): void {
    this.#tally.counts.bought += 1;
    this.#tally.remain(left);
    this.isOwed = true;
    if (left === 0) this.#tally.lastSaleSentAt ??= sentAt;
  }

  #learn(left: number, text: string): void {
    if (left < 0) this.#tally.complain("negative_stock", text);
    const before = this.#knowsSoldOut ? 0 : this.#told;
    if (before !== null && left > before) this.#tally.complain("stock_rise", `${text} depois de ${before}`);
    this.#told = left;
    if (left > 0) this.isOwed = true;
    if (left <= 0) this.#knowZero(now());
    this.#tally.lowest = Math.min(left, this.#tally.lowest ?? left);
  }

  #knowZero(at: number): void {
    this.#knowsSoldOut = true;
    this.#tally.firstZeroAt ??= at;
    this.#tally.lowest = Math.min(0, this.#tally.lowest ?? 0);
  }

  #settle(line: Line | null): void {
    const command = this.#command;
    this.#command = null;
    if (command === null) return;
    clearTimeout(command.timer);
    command.resolve(line);
  }

  #break(why: string): void {
    this.wire.cut("close");
    this.#lose(why);
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#mayEnd !== null) this.#mayEnd();
    else {
      this.#isLost = true;
      this.#tally.complain(this.#isOpen ? "connection_lost" : "connection_failed", why);
    }
    this.#settleOpening(false);
    this.#settle(null);
  }
}
