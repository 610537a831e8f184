/**
 * The process of those who behave: every connection is subscribed, and together they buy at a steady rate, each in its
 * turn, whether the last answer has come or not. What is timed is from when a purchase was due to when it was answered.
 */
import { setTimeout as wait } from "node:timers/promises";
import { maskedTextFrame } from "../frame-reader.js";
import { Histogram } from "../histogram.js";
import { openWebSocket } from "./connection.js";

const OPENING = 100;
const TICK_MS = 2;
const DRAIN_MS = 10_000;
const COMMAND = maskedTextFrame("COMPRAR");
const SOLD = "Compra realizada";

await main(JSON.parse(process.argv[2] ?? "{}"));

/** @param {{ port: number, buyers: number, perSecond: number, warmUpMs: number, measureMs: number }} orders */
async function main(orders) {
  try {
    process.send?.(await measure(orders));
  } catch (cause) {
    process.send?.({ fault: cause instanceof Error ? cause.message : String(cause) });
  }
  process.disconnect?.();
  process.exit(0);
}

/** @param {Parameters<typeof main>[0]} orders */
async function measure({ port, buyers, perSecond, warmUpMs, measureMs }) {
  const latencies = new Histogram();
  let measuring = false;
  let answers = 0;
  /** @type {{ waiting: number, fault: string | null }} */
  const state = { waiting: 0, fault: null };
  /** @type {{ socket: import("node:net").Socket, due: number[] }[]} */
  const crowd = [];
  const open = async () => {
    /** @type {number[]} */
    const due = [];
    const socket = await openWebSocket(
      port,
      (text) => {
        if (text.startsWith("ESTOQUE: ") || text.startsWith("AVISO: ")) return;
        const since = due.shift();
        state.waiting -= 1;
        if (!text.startsWith(SOLD) || since === undefined)
          state.fault ??= `an answer that shouldn't be: ${text}`;
        else if (measuring) {
          latencies.add(performance.now() - since);
          answers += 1;
        }
      },
      () => (state.fault ??= "one who behaves was closed"),
    );
    crowd.push({ socket, due });
  };
  while (crowd.length < buyers) {
    await Promise.all(Array.from({ length: Math.min(OPENING, buyers - crowd.length) }, open));
  }
  process.send?.("ready");
  // Whoever makes trouble needs a moment too.
  await new Promise((resolve) => process.once("message", resolve));
  const started = performance.now();
  let sent = 0;
  let lateMs = 0;
  for (
    let now = started;
    now < started + warmUpMs + measureMs && state.fault === null;
    now = performance.now()
  ) {
    measuring = now >= started + warmUpMs;
    for (; sent < ((now - started) * perSecond) / 1_000; sent++) {
      const dueAt = started + (sent * 1_000) / perSecond;
      if (measuring) lateMs = Math.max(lateMs, now - dueAt);
      // Far apart in the crowd, so that neighbours in the server's memory don't follow one another.
      const buyer = crowd[(sent * 7_919) % buyers];
      buyer?.due.push(dueAt);
      buyer?.socket.write(COMMAND);
      state.waiting += 1;
    }
    await wait(TICK_MS);
  }
  const deadline = performance.now() + DRAIN_MS;
  while (state.waiting > 0 && state.fault === null && performance.now() < deadline) await wait(5);
  if (state.fault !== null) throw new Error(state.fault);
  if (state.waiting > 0) throw new Error(`${state.waiting} answers are missing`);
  return { ...latencies.percentiles(), answers, lateMs };
}
