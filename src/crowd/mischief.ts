/** What unruly people do instead of a proper COMPRAR, or around one. */
import type { Connection } from "./connection.ts";
import { maskedFrame, Opcode } from "./frames.ts";
import type { Line } from "./line.ts";
import type { Mischief, Transport } from "./plan.ts";
import { oneOf, type Random } from "./random.ts";
import type { Tally } from "./tally.ts";

export interface Scene {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly random: Random;
  readonly tally: Tally;
  /** Buys properly. */
  readonly buy: () => Promise<Line | null>;
  readonly pause: (ms: number) => Promise<void>;
  /** How long answers are left unread at the most. */
  readonly slowMs: number;
}

/** How long after sending the connection is cut at the most: around the time that an answer takes. */
const CUT_WITHIN_MS = 5;

/** Resolves when it is over; afterwards the connection may be gone. */
export function play(mischief: Mischief, scene: Scene): Promise<void> {
  switch (mischief) {
    case "cut":
      return cut(scene);
    case "rubbish":
      return sendRubbish(scene);
    case "slow":
      return readSlowly(scene);
  }
}

async function cut({ connection, transport, random, tally, buy, pause }: Scene): Promise<void> {
  tally.counts.cuts += 1;
  const how = oneOf(random, ["close", "reset"]);
  if (random() < 0.25) {
    connection.wire.sendBytes(halfCommand(transport));
    connection.abandon(how);
    return;
  }
  const answer = buy();
  if (random() < 0.5) await pause(random() * CUT_WITHIN_MS);
  if (connection.abandon(how)) tally.counts.vanished += 1;
  await answer;
}

/** Never a purchase: a bare COMPRAR without its newline would be one. */
function halfCommand(transport: Transport): Uint8Array {
  return transport === "tcp"
    ? Buffer.from("COMPR")
    : maskedFrame(Opcode.text, Buffer.from("COMPRAR")).subarray(0, 9);
}

async function sendRubbish({ connection, transport, random, tally, buy }: Scene): Promise<void> {
  tally.counts.rubbish += 1;
  const { wire } = connection;
  if (transport === "ws" && random() < 0.2) {
    // Reserved bits: RFC 6455 tells the server to fail the connection.
    wire.sendBytes(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
    await connection.expectEnd();
    return;
  }
  const { sendBinary } = wire;
  if (sendBinary !== null && random() < 0.3) {
    await connection.ask("rubbish", () => sendBinary.call(wire, Buffer.from("COMPRAR")));
  } else {
    const text = oneOf(random, [
      "COMPRAR 0",
      "COMPRAR 1 chave!",
      "ROUBAR",
      "COMPRAR tudo",
      "x".repeat(600),
      "\u0000\u0007",
    ]);
    await connection.ask("rubbish", () => wire.send(text));
  }
  await buy();
}

async function readSlowly({ connection, random, tally, buy, pause, slowMs }: Scene): Promise<void> {
  tally.counts.slowReads += 1;
  const answer = buy();
  connection.wire.pause();
  await pause((0.5 + random() / 2) * slowMs);
  connection.resume();
  await answer;
}
