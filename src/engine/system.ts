/** The real clock, timers and randomness. */
import { customAlphabet } from "nanoid";
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

const ticketCode = customAlphabet(TICKET_ALPHABET, TICKET_LENGTH);

export const systemEntropy: Entropy = {
  ticketCode: () => ticketCode() as TicketCode,
  random: () => Math.random(),
};
