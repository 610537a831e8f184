/** One person at the box office: a connection, what it was told, and what was wrong with that. */
import { clearTimeout, setTimeout } from "k6/timers";
import { WebSocket } from "k6/websockets";
import { weight } from "./fingerprint.js";
import { readLine } from "./line.js";
import {
  balance,
  bought,
  buyReply,
  faults,
  lastSaleSentAt,
  noticeHeardAt,
  queryReply,
  refusals,
} from "./measures.js";

/** Refusals that a person who sends good commands slowly enough may get. */
const FAIR_REFUSALS = new Set(["sold_out", "busy", "not_open", "paused"]);

/** Complaints written out by each VU; beyond them only the counters go on. */
const COMPLAINTS = 5;
let complaints = 0;

/** Where it goes. @typedef {{ url: string, replyTimeoutMs: number }} Visited */
/** What its run began with. @typedef {{ startedAt: number, seed: number }} Entrance */
/** @typedef {{ text: "CONSULTAR" | "COMPRAR", sentAt: number, resolve: (answered: boolean) => void }} Command */

export class Person {
  /** Sold-out notices heard. */
  notices = 0;
  /** Tickets bought. */
  purchases = 0;
  /** It was the one that bought the last ticket. */
  soldLast = false;
  /** Called with every other notice. @type {(text: string) => void} */
  onOtherNotice = () => {};
  /** Has been told that nothing is left. */
  knowsSoldOut = false;
  /** Has been told that something is left, so it had joined before the last sale. */
  sawStock = false;
  /** Comes when everything is gone, to hear nothing. */
  newcomer = false;
  opened = false;
  leaving = false;
  /** @type {number | undefined} the last number that it was told */
  #told;
  /** @type {Command | undefined} the one that waits for its answer */
  #command;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {(opened: boolean) => void} */
  #settleOpening = () => {};
  #settings;
  #opening;

  /** @param {Visited} settings @param {Entrance} opening */
  constructor(settings, opening) {
    this.#settings = settings;
    this.#opening = opening;
  }

  get connected() {
    return this.opened && !this.leaving;
  }

  /** @returns {Promise<boolean>} whether the connection opened */
  connect() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#settings.url);
      this.#socket = socket;
      const timer = setTimeout(
        () => this.#end("connection_failed", "no handshake"),
        this.#settings.replyTimeoutMs,
      );
      this.#settleOpening = (opened) => {
        clearTimeout(timer);
        resolve(opened);
      };
      socket.addEventListener("open", () => {
        this.opened = true;
        this.#settleOpening(true);
      });
      socket.addEventListener("message", (event) => this.#hear(textOf(event), event.timestamp));
      socket.addEventListener("error", (event) => {
        this.#end(this.#brokenKind(), "error" in event ? event.error : "error");
      });
      socket.addEventListener("close", () => this.#end(this.#brokenKind(), "closed by the server"));
    });
  }

  /** Sends a command and waits for its answer. @param {Command["text"]} text @returns {Promise<boolean>} if one came */
  ask(text) {
    if (!this.connected) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end("unanswered", text), this.#settings.replyTimeoutMs);
      this.#command = {
        text,
        sentAt: Date.now(),
        resolve: (answered) => {
          clearTimeout(timer);
          resolve(answered);
        },
      };
      this.#socket?.send(text);
    });
  }

  leave() {
    if (this.leaving) return;
    this.leaving = true;
    this.#socket?.close(1000);
  }

  /** @param {import("./measures.js").Fault} kind @param {string} what */
  complain(kind, what) {
    faults.add(1, { kind });
    if (complaints++ < COMPLAINTS) console.error(`${kind}: ${what}`);
  }

  /** @param {string} text @param {number} heardAt when it left the socket, before it waited for this VU's turn */
  #hear(text, heardAt) {
    if (this.leaving) return;
    const line = readLine(text);
    switch (line.kind) {
      case "pushed":
        if (line.left === this.#told) this.complain("stale_push", text);
        return this.#learn(line.left, text);
      case "sold_out_notice":
        return this.#hearNotice(text, heardAt);
      case "other_notice":
        return this.onOtherNotice(text);
      default:
        return this.#hearAnswer(line, text, heardAt);
    }
  }

  /** @param {string} text @param {number} heardAt */
  #hearNotice(text, heardAt) {
    if (this.newcomer) return this.complain("notice_undue", text);
    this.notices++;
    if (this.notices > 1) return this.complain("notice_repeated", text);
    if (this.#told !== 0) this.complain("notice_early", `${text} after ${this.#told}`);
    this.knowsSoldOut = true;
    noticeHeardAt.add(heardAt - this.#opening.startedAt);
  }

  /** @param {import("./line.js").Line} line @param {string} text @param {number} heardAt */
  #hearAnswer(line, text, heardAt) {
    const command = this.#command;
    if (!command) return this.complain("unexpected_reply", `${text} to nothing`);
    this.#command = undefined;
    (command.text === "COMPRAR" ? buyReply : queryReply).add(heardAt - command.sentAt);
    this.#weigh(command, line, text);
    command.resolve(true);
  }

  /** @param {Command} command @param {import("./line.js").Line} line @param {string} text */
  #weigh(command, line, text) {
    if (line.kind === "refused") {
      refusals.add(1, { reason: line.reason });
      // A question is never refused because everything is sold.
      const fair = FAIR_REFUSALS.has(line.reason) && (command.text === "COMPRAR" || line.reason === "busy");
      if (!fair) this.complain("unexpected_reply", `${text} to ${command.text}`);
      if (line.reason === "sold_out") this.knowsSoldOut = true;
      return;
    }
    if (line.kind === "bought") this.#count(line.left, command);
    if (line.kind !== "bought" && line.kind !== "left") return this.complain("unexpected_reply", text);
    if ((line.kind === "bought") !== (command.text === "COMPRAR")) {
      this.complain("unexpected_reply", `${text} to ${command.text}`);
    }
    this.#learn(line.left, text);
  }

  /** @param {number} left @param {Command} command */
  #count(left, command) {
    bought.add(1);
    this.purchases++;
    balance.add(1, { of: "stock" });
    balance.add(1, { of: "ledger" });
    balance.add(weight(this.#opening.seed, left), { of: "remaining" });
    this.sawStock = true;
    if (left === 0) this.soldLast = true;
    if (left === 0) lastSaleSentAt.add(command.sentAt - this.#opening.startedAt);
  }

  /** @param {number} left @param {string} text */
  #learn(left, text) {
    if (left < 0) this.complain("negative_stock", text);
    const before = this.knowsSoldOut ? 0 : this.#told;
    if (before !== undefined && left > before) this.complain("stock_rise", `${text} after ${before}`);
    this.#told = left;
    if (left > 0) this.sawStock = true;
    if (left <= 0) this.knowsSoldOut = true;
  }

  #brokenKind() {
    return this.opened
      ? /** @type {const} */ ("connection_lost")
      : /** @type {const} */ ("connection_failed");
  }

  /** The visit can't go on. @param {import("./measures.js").Fault} kind @param {string} what */
  #end(kind, what) {
    if (!this.leaving) this.complain(kind, what);
    this.leave();
    this.#settleOpening(false);
    this.#command?.resolve(false);
    this.#command = undefined;
  }
}

/** @param {import("k6/websockets").MessageEvent | import("k6/websockets").ErrorEvent} event */
function textOf(event) {
  return "data" in event && typeof event.data === "string" ? event.data : "(a binary message)";
}
