/** Where the page's parts meet: the socket, the sale, the purchases and the view. */
import { JSON_SUBPROTOCOL, type HelloMessage, type ServerMessage } from "../src/protocol/messages.ts";
import { Connection, type Socket, type SocketEvents } from "./connection.ts";
import { LiveSale } from "./live-sale.ts";
import { NoticeBoard } from "./notice-board.ts";
import { PurchaseStore } from "./purchase-store.ts";
import { Purchases } from "./purchases.ts";
import { SafeStorage } from "./safe-storage.ts";
import { describeScreen } from "./screen.ts";
import { ServerClock } from "./server-clock.ts";
import type { Timers } from "./timers.ts";
import { View } from "./view.ts";
import { chooseLanguage, type Language } from "./words.ts";

const LANGUAGE = "bilheteria:language";
const KEY_BYTES = 16;

const timers: Timers = {
  monotonic: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
const storage = new SafeStorage(() => localStorage);
const clock = new ServerClock(timers.monotonic);
const sale = new LiveSale();
const board = new NoticeBoard();
let language: Language = chooseLanguage(storage.getItem(LANGUAGE), navigator.languages);
let purchases: Purchases | null = null;
let quantity = 1;
let painting = false;

const connection = new Connection({
  open: openSocket,
  timers,
  random: Math.random,
  greeted: greet,
  received: receive,
  changed: paintSoon,
});

const view = new View(timers, {
  buy: () => {
    purchases?.buy(quantity);
  },
  step: (by) => {
    quantity += by;
    if (purchases !== null) purchases.outcome = null;
    paintSoon();
  },
  comeBack: () => connection.connect(),
  goAhead: () => purchases?.goAhead(),
  giveUp: () => purchases?.giveUp(),
  dismiss: () => {
    board.clear();
    paintSoon();
  },
  switchLanguage: () => {
    language = language === "en" ? "pt-BR" : "en";
    storage.setItem(LANGUAGE, language);
    paintSoon();
  },
});

start();

function start(): void {
  addEventListener("online", () => connection.networkChanged(true));
  addEventListener("offline", () => connection.networkChanged(false));
  addEventListener("storage", () => purchases?.storeChanged());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) timers.after(0, paint);
    else connection.wake();
  });
  paint();
  connection.connect();
  tick();
}

function greet(hello: HelloMessage, startedAt: number, arrivedAt: number): void {
  clock.learn(hello.serverTime, startedAt, arrivedAt);
  purchases ??= openPurchases(hello.sale);
  sale.hello = hello;
  quantity = Math.min(quantity, hello.maxQuantity);
  const from = sale.resumeFrom;
  connection.send(from === undefined ? { type: "subscribe" } : { type: "subscribe", from });
  purchases.resume();
}

function receive(message: ServerMessage): void {
  switch (message.type) {
    case "stock":
      sale.takeStock(message);
      break;
    case "notice":
      if (sale.takeNotice(message)) board.pin(message, timers.monotonic());
      break;
    case "presence":
      sale.watching = message.watching;
      break;
    case "receipt":
      sale.takeReceipt(message);
      purchases?.takeReceipt(message, sale.hello?.journal);
      quantity = 1;
      break;
    case "rejected":
      purchases?.takeRefusal(message);
      if (message.reason === "insufficient_stock") quantity = clampQuantity(message.remaining);
      break;
    case "error":
      purchases?.takeRefusal(message);
      break;
    case "hello":
      break;
  }
  paintSoon();
}

/** What is left may be less than what was asked for: the stepper follows, so that the next press can succeed. */
function clampQuantity(remaining = 1): number {
  return Math.max(1, Math.min(quantity, remaining));
}

function openPurchases(id: string): Purchases {
  return new Purchases({
    sale: id,
    store: new PurchaseStore(storage, id),
    timers,
    random: Math.random,
    today: Date.now,
    newKey,
    send: (message) => connection.send(message),
    changed: paintSoon,
  });
}

/** Not `crypto.randomUUID`: over plain http, as in a classroom, browsers don't have it. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function openSocket(events: SocketEvents): Socket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const path = location.pathname.startsWith("/vendas/") ? location.pathname : "/";
  const socket = new WebSocket(`${scheme}//${location.host}${path}`, JSON_SUBPROTOCOL);
  socket.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (typeof event.data === "string") events.message(event.data);
  });
  socket.addEventListener("close", (event) => events.closed(event.code));
  return socket;
}

/** Counts on the server's whole seconds, so that every screen in the room changes together. */
function tick(): void {
  board.expire(timers.monotonic());
  paintSoon();
  const rest = clock.known ? 1000 - (clock.now() % 1000) : 1000;
  timers.after(rest + 1, tick);
}

/** Many messages, one painting per frame. A hidden page gets no frames, and its title should be right all the same. */
function paintSoon(): void {
  if (painting) return;
  painting = true;
  if (document.hidden) timers.after(250, paint);
  else requestAnimationFrame(paint);
}

function paint(): void {
  painting = false;
  const screen = describeScreen({
    language,
    now: clock.known ? clock.now() : null,
    monotonic: timers.monotonic(),
    link: connection.link,
    hello: sale.hello,
    stock: sale.stock,
    watching: sale.watching,
    attempt: purchases?.current ?? null,
    outcome: purchases?.outcome ?? null,
    resting: purchases?.resting ?? false,
    quantity,
    durable: storage.durable,
  });
  const receipts = (purchases?.receipts ?? []).map((receipt) => ({
    receipt,
    outdated: sale.isOutdated(receipt),
  }));
  view.paint({
    screen,
    language,
    notices: board.notices,
    pinned: board.pinned,
    outcomes: purchases?.outcomes ?? 0,
    receipts,
    durable: storage.durable,
  });
}
