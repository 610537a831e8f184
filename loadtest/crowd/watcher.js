/** One who only watches, in the JSON dialect: what it was told, how old that was, and what was wrong with it. */
import { Counter, Trend } from "k6/metrics";
import { clearTimeout, setTimeout } from "k6/timers";
import { WebSocket } from "k6/websockets";
import { complain } from "../shared.js";
import { noticeOnce, noticeOwed } from "./measures.js";

const SUBPROTOCOL = "bilheteria.json.v1";

/** Milliseconds between what a number or a notice says of its time and its being heard. */
const freshness = new Trend("freshness", true);
const noticeAge = new Trend("notice_age", true);
const updatesHeard = new Counter("updates_heard");

/** How far the server's clock is ahead, as the fastest hello of this virtual user shows it. */
let clockAheadMs = -Infinity;

export class Watcher {
  connected = false;
  notices = 0;
  /** @type {number | undefined} the newest stock that it was told */
  #told;
  /** Joined before the last sale, since it was told a stock above 0. */
  #sawStock = false;
  #leaving = false;
  #place;
  /** @type {WebSocket | undefined} */
  #socket;

  /** @param {{ url: string, replyTimeoutMs: number }} place */
  constructor(place) {
    this.#place = place;
  }

  get knowsSoldOut() {
    return this.#told === 0;
  }

  /** Resolves when the first number is there. @returns {Promise<boolean>} */
  connect() {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#place.url, null, {
        headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL },
      });
      this.#socket = socket;
      const end = (/** @type {string} */ what) => {
        clearTimeout(timer);
        if (!this.#leaving) complain(this.connected ? "connection_lost" : "connection_failed", what);
        this.leave();
        resolve(false);
      };
      const timer = setTimeout(() => end("no stock"), this.#place.replyTimeoutMs);
      socket.addEventListener("open", () => socket.send('{"type":"subscribe"}'));
      socket.addEventListener("message", (event) => {
        if (this.#leaving) return;
        this.#hear("data" in event && typeof event.data === "string" ? event.data : "", event.timestamp);
        if (this.#told === undefined || this.connected) return;
        this.connected = true;
        clearTimeout(timer);
        resolve(true);
      });
      socket.addEventListener("error", (event) => end("error" in event ? event.error : "error"));
      socket.addEventListener("close", () => end("closed by the server"));
    });
  }

  /** At the end: it knows the truth, and was told once that this is all. */
  judge() {
    if (!this.connected) return;
    if (this.#told !== 0) complain("ends_stale", `${this.#told} left`);
    if (!this.#sawStock) return;
    noticeOwed.add(1);
    if (this.notices === 1) noticeOnce.add(1);
    if (this.notices === 0) complain("notice_missing", "watching since before the last sale");
  }

  leave() {
    this.connected = false;
    if (this.#leaving) return;
    this.#leaving = true;
    this.#socket?.close(1000);
  }

  /** @param {string} text @param {number} heardAt when it left the socket */
  #hear(text, heardAt) {
    const message = JSON.parse(text);
    switch (message.type) {
      case "hello":
        clockAheadMs = Math.max(clockAheadMs, message.serverTime - heardAt);
        return;
      case "stock":
        return this.#learn(message, text, heardAt);
      case "notice":
        return message.kind === "sold_out" ? this.#hearNotice(message, text, heardAt) : undefined;
      case "presence":
        return;
      default:
        complain("unexpected_reply", text);
    }
  }

  /** @param {Record<string, any>} stock @param {string} text @param {number} heardAt */
  #learn({ available, held, sold, capacity, at: trueSince }, text, heardAt) {
    if (available + held + sold !== capacity) complain("sums_broken", text);
    if (available < 0) complain("negative_stock", text);
    const before = this.#told;
    this.#told = available;
    if (available > 0) this.#sawStock = true;
    // The first one answers the subscription; what it tells may be true for hours.
    if (before === undefined) return;
    if (available > before) complain("stock_rise", `${text} after ${before}`);
    if (available === before) complain("stale_push", text);
    updatesHeard.add(1);
    freshness.add(Math.max(0, heardAt + clockAheadMs - trueSince));
  }

  /** @param {Record<string, any>} notice @param {string} text @param {number} heardAt */
  #hearNotice({ at: happenedAt }, text, heardAt) {
    this.notices++;
    if (this.notices > 1) return complain("notice_repeated", text);
    if (this.#told !== 0) complain("notice_early", `${text} after ${this.#told}`);
    noticeAge.add(Math.max(0, heardAt + clockAheadMs - happenedAt));
  }
}
