/** The process of those who make trouble, until it is ended. It counts what it did, so that a bench can't go without. */
import { connect } from "node:net";
import { constants, setPriority } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { maskedTextFrame } from "../frame-reader.js";
import { openWebSocket } from "./connection.js";

const ALLOWED_PER_SECOND = 50;
const FLOOD_PER_SECOND = 1_000;
const TICK_MS = 20;
/** How long one that was closed stays away, in the mean: those that were closed together don't come back together. */
const BACK_AFTER_MS = 100;

const badLines = Buffer.from(
  ["nada", "COMPRAR x", "x".repeat(600), "COMPRAR 1 chave!", "\0\xff"].join("\n").repeat(20),
);
const badRequests = Buffer.from("COMPRAR / nada\r\nX: \0\r\n\r\n".repeat(20));
const manyRequests = Buffer.from("GET /page.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100));

const counts = { sent: 0, closed: 0, answers: 0 };

// From another machine it wouldn't take the processors from the server and the buyers.
setPriority(constants.priority.PRIORITY_LOW);
await main(JSON.parse(process.argv[2] ?? "{}"));

/** @param {{ port: number, tcpPort: number, trouble: import("./cases.js").Trouble }} orders */
async function main({ port, tcpPort, trouble }) {
  process.on("message", () => process.send?.(counts));
  process.on("disconnect", () => process.exit(0));
  const { mute = 0, floods = 0, lines = 0, messages = 0, requests = 0 } = trouble;
  const all = [
    ...times(mute, () => beMute(port)),
    ...times(floods, () => flood(port)),
    ...times(lines, () => throwBytes(tcpPort, badLines)),
    ...times(messages, () => throwMessages(port)),
    ...times(requests, (i) => throwBytes(port, i % 2 === 0 ? badRequests : manyRequests)),
  ];
  await wait(500);
  process.send?.("ready");
  await Promise.all(all);
}

/** @param {number} count @param {(i: number) => Promise<void>} make */
function times(count, make) {
  return Array.from({ length: count }, (_, i) => make(i).catch((cause) => console.error(cause)));
}

/** Sends what is allowed, reads nothing. @param {number} port */
async function beMute(port) {
  const frame = maskedTextFrame("AJUDA");
  for (;;) {
    const socket = await openWebSocket(
      port,
      () => {},
      () => {},
    );
    socket.pause();
    for (; !socket.destroyed; await wait(1_000 / ALLOWED_PER_SECOND)) {
      socket.write(frame);
      counts.sent += 1;
    }
    counts.closed += 1;
    await wait(BACK_AFTER_MS * (0.5 + Math.random()));
  }
}

/** @param {number} port */
async function flood(port) {
  const count = (FLOOD_PER_SECOND * TICK_MS) / 1_000;
  const burst = Buffer.concat(Array.from({ length: count }, () => maskedTextFrame("COMPRAR")));
  for (;;) {
    const socket = await openWebSocket(
      port,
      () => (counts.answers += 1),
      () => {},
    );
    for (; !socket.destroyed; await wait(TICK_MS)) {
      socket.write(burst);
      counts.sent += count;
    }
    counts.closed += 1;
    await wait(BACK_AFTER_MS * (0.5 + Math.random()));
  }
}

/** @param {number} port */
async function throwMessages(port) {
  const bad = [
    '{"type":"buy","id":"chave!"}',
    '{"type":',
    '{"type":"query","id":7}',
    "[[[[[[]]]]]]",
    '{"__proto__":1}',
  ];
  const burst = Buffer.concat(
    Array.from({ length: 100 }, (_, i) => maskedTextFrame(bad[i % bad.length] ?? "")),
  );
  for (;;) {
    const socket = await openWebSocket(
      port,
      () => (counts.answers += 1),
      () => {},
      "bilheteria.json.v1",
    );
    while (!socket.destroyed) await push(socket, burst);
    counts.closed += 1;
    await wait(BACK_AFTER_MS * (0.5 + Math.random()));
  }
}

/** @param {number} port @param {Buffer} bytes */
async function throwBytes(port, bytes) {
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("error", () => {});
    socket.on("data", () => (counts.answers += 1));
    while (!socket.destroyed) await push(socket, bytes);
    counts.closed += 1;
    await wait(BACK_AFTER_MS * (0.5 + Math.random()));
  }
}

/** As fast as it is taken. @param {import("node:net").Socket} socket @param {Buffer} bytes */
async function push(socket, bytes) {
  counts.sent += 1;
  if (socket.writable && !socket.write(bytes)) {
    await new Promise((resolve) => {
      socket.once("drain", resolve).once("close", resolve);
    });
    socket.removeAllListeners("drain");
  } else await wait(1);
}
