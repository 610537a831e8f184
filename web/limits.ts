/** Every bound of the page, with its name. Times are milliseconds. */
export const PAGE_LIMITS = {
  /** A restart takes about a second: an earlier knock finds nobody, and nobody should watch an old number for long. */
  reconnect: { floorMs: 300, baseMs: 1_000, capMs: 5_000 },
  /** A full server gets more air between two knocks. */
  reconnectFull: { floorMs: 0, baseMs: 4_000, capMs: 30_000 },
  /** A connection that lived this long was a good one: the next loss starts from the shortest wait again. */
  steadyMs: 10_000,
  /** From opening the socket to `hello`. */
  helloMs: 10_000,
  /** Silence after which the page asks whether the server is still there; browsers don't show pings to scripts. */
  silenceMs: 30_000,
  /** How long any answer to that may take. */
  pulseMs: 10_000,
  /** `busy` and `rate_limited` are tried again this many times in all. */
  purchaseTries: 6,
  purchaseRetry: { floorMs: 0, baseMs: 1_000, capMs: 8_000 },
  /** An unanswered purchase older than this isn't sent again unless its buyer says so. */
  pendingFreshMs: 10 * 60_000,
  /** After this long without an answer the page says that it takes longer than usual. */
  slowAnswerMs: 4_000,
  /** Offsets of notices kept to recognise one that comes twice. */
  heardNotices: 256,
  /** Notices that come within this time of each other are announced together. */
  noticeGroupMs: 2_000,
  /** How long a notice other than sold out stays on the banner. */
  noticeShownMs: 12_000,
  /** After a purchase the button rests this long, so that an impatient second press doesn't buy again. */
  restMs: 1_500,
  /** Shortest time between two spoken summaries of the stock while nothing but the number changes. */
  summaryMs: 4_000,
  /** Up to this capacity the gauge has one segment per ticket. */
  gaugeSegments: 40,
} as const;
