/** The real clock, timers and randomness. */
import { randomFillSync } from "node:crypto";
import { customRandom } from "nanoid";
import type { TicketCode } from "../box-office/sale.ts";
import type { Clock, Entropy, Scheduler } from "./ports.ts";

/**
 * What a ticket code is made of: no digit or letter that looks like another (0 O, 1 I L, 2 Z, 5 S, 8 B, U V), and
 * no vowels, so that no word comes out. 22 symbols in 12 places are 53 bits; a code that comes twice is refused by
 * the core all the same.
 */
export const TICKET_ALPHABET = "34679CDFGHJKMNPQRTVWXY";
export const TICKET_LENGTH = 12;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export const systemScheduler: Scheduler = {
  soon: (task) => {
    setImmediate(task);
  },
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Random bytes that are drawn at once: those of some 800 codes. */
const POOL_BYTES = 16_384;

const pool = new Uint8Array(POOL_BYTES);
let spent = POOL_BYTES;

/** What nanoid was given last. It reads it at once, so there needn't be an object for each code. */
let given = new Uint8Array(0);

/** From the same source as nanoid's own. @param count how many it wants: for a code of ours, 21. */
function randomBytes(count: number): Uint8Array {
  if (count !== given.length) given = new Uint8Array(count);
  if (spent + count > POOL_BYTES) {
    randomFillSync(pool);
    spent = 0;
  }
  for (let i = 0; i < count; i++) given[i] = pool[spent + i] as number;
  spent += count;
  return given;
}

const ticketCode = customRandom(TICKET_ALPHABET, TICKET_LENGTH, randomBytes);

export const systemEntropy: Entropy = {
  ticketCode: () => ticketCode() as TicketCode,
  random: () => Math.random(),
};
