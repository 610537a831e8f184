/** Who is there in each case: those whose answers are timed, and those who make trouble. */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {number} watchers connections that only listen
 * @property {number} buyers connections that buy in turn, and listen too
 * @property {number} perSecond purchases of all buyers together
 * @property {Trouble} trouble
 *
 * @typedef {object} Trouble connections of each kind
 * @property {number} [mute] send commands at the rate that is allowed and never read
 * @property {number} [floods] send 20 times what is allowed, and come back as soon as they are closed
 * @property {number} [lines] bad lines over raw TCP, as fast as they are taken
 * @property {number} [messages] bad JSON over WebSocket, as fast as it is taken
 * @property {number} [requests] bad HTTP and unanswered requests in heaps, as fast as they are taken
 */

/** @type {readonly Case[]} */
export const CASES = [
  { name: "crowd", watchers: 4_600, buyers: 250, perSecond: 500, trouble: { mute: 50, floods: 100 } },
  { name: "junk", watchers: 0, buyers: 32, perSecond: 640, trouble: { lines: 7, messages: 7, requests: 6 } },
  // One kind of junk at a time: to find out which of them it is.
  { name: "lines", watchers: 0, buyers: 32, perSecond: 640, trouble: { lines: 7 } },
  { name: "messages", watchers: 0, buyers: 32, perSecond: 640, trouble: { messages: 7 } },
  { name: "requests", watchers: 0, buyers: 32, perSecond: 640, trouble: { requests: 6 } },
];

/** Times as long that the slowest hundredth may take beside trouble. */
export const BAR = 1.5;
