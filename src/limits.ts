import { DEFAULT_JOURNAL_LIMITS } from "./journal/limits.ts";

/**
 * Every limit of the program, by its name; the journal's values are in its own folder, which imports nothing from here.
 * Nobody sets them from outside; tests start servers with smaller ones.
 */
export const LIMITS = {
  rules: { maxQuantity: 10, maxCapacity: 100_000_000, maxSales: 10_000 },
  engine: { mailbox: 10_000, mailboxReserve: 256, batchCommands: 2048 },
  journal: {
    ...DEFAULT_JOURNAL_LIMITS,
    /** How often it is looked whether the files are still where the next start will look for them. */
    lookMs: 500,
  },
  /** While a batch is made durable; see `WakefulJournal`. */
  awake: {
    /** Events of a batch that is waited for awake. */
    events: 8,
    /** How long at most: a fast disk needs less, and a slow one isn't worth it. */
    ms: 0.5,
  },
  restore: {
    /** Restarts that the original may have had since the backup. */
    leastEpochJump: 1 << 16,
    /** So two sales restored from one backup hardly ever get the same epoch. */
    mostEpochJump: 1 << 24,
  },
  hub: {
    intervalMs: 50,
    longestIntervalMs: 2_000,
    sliceMs: 1,
    lookMs: 50,
    busyShare: 0.18,
    idleShare: 0.9,
    yielding: 1.5,
    notices: 256,
    resumedNotices: 64,
    presenceMs: 1_000,
  },
  session: {
    lineBytes: 512,
    /** Replies that may wait for the queue; more, and the connection isn't read until some have left. */
    pendingReplies: 512,
    /** Codes that INGRESSOS lists. */
    listedTickets: 20,
    /** Refusals for flooding, without a calm second between them, after which the connection is closed. */
    floodRefusals: 200,
    /** How long it is neither read nor closed before that, so that it can't come back at once. */
    floodCloseMs: 5_000,
    /** Commands that may be sent at once beyond the steady rate, as a multiple of it. */
    rateBurst: 2,
  },
  output: {
    /** Unread bytes from which a reader is not read from; it gets no pushes while a single one is unread. */
    softBytes: 256 * 1024,
    /** Unread bytes at which it is closed. */
    hardBytes: 1024 * 1024,
    /** How long it may stay over the soft bound. */
    slowMs: 30_000,
  },
  websocket: {
    messageBytes: 4096,
    fragments: 8,
    pingMs: 15_000,
    missedPongs: 2,
    /** The heartbeat visits one part of the connections per tick. */
    sweepParts: 60,
    closeTimeoutMs: 2_000,
  },
  tcp: {
    /** Silence after which bytes that spell one bare command are taken as one. */
    bareCommandMs: 20,
    /** Silence after which unterminated bytes are answered with an error. */
    unterminatedMs: 1_000,
  },
  http: {
    headerBytes: 8 * 1024,
    headersMs: 5_000,
    bodyBytes: 16 * 1024,
    bodyMs: 10_000,
    idleMs: 65_000,
    /** How long a socket may be silent in the middle of a request or an answer. */
    silentMs: 30_000,
    /** Requests of one socket that may wait for their answers; with more it is told to go. */
    unanswered: 8,
    /** Lists of every sale that clients of this process haven't read to their end; with more, no other is made. */
    unreadBytes: 32 * 1024 * 1024,
    /** The organiser's lists and recounts that are under way at a time. */
    readings: 4,
    /** Requests of a socket that was told to go, after which it is cut; more than fit into one read. */
    ignored: 3_000,
    /** Clients of one trusted proxy's connection whose rates are known at a time. */
    clientsOfProxy: 1_000,
    /** How long one answer of /metrics stands in for the next ones. */
    metricsMs: 1_000,
    /** The page's files, which are kept in memory. */
    pageBytes: 8 * 1024 * 1024,
  },
  lastWords: {
    /** How long a client may take to read why its connection is closed, and to close its own half. */
    patienceMs: 2_000,
    /** Bytes of what it goes on sending that are read meanwhile. */
    ignoredBytes: 64 * 1024,
  },
  connections: {
    /** Sockets from one address; loopback and trusted proxies are exempt, the clients of those aren't. */
    perAddress: 1_000,
    /** Refused sockets that are told why; more are cut at once. */
    turnedAway: 64,
    /** Descriptors kept free for files, the console and the journal. */
    reservedDescriptors: 256,
    /** Where the system doesn't say how many descriptors there are. */
    fallbackTotal: 10_000,
    backlog: 8_192,
  },
  /** Of visitors of our own, as long as nobody is here yet. */
  rehearsal: {
    visitors: 2_000,
    /** Visitors that are there at a time. */
    atOnce: 20,
  },
  workers: {
    /** Of one message between a gateway process and the engine's; the longest holds every sale. */
    frameBytes: 32 * 1024 * 1024,
    /** What may wait for a worker that doesn't read; with more it is killed and replaced. */
    backlogBytes: 64 * 1024 * 1024,
    /** Notices of all sales that a worker is told of which takes another's place; of each `hub.resumedNotices`. */
    recentEvents: 30_000,
    /** Between two reports of a worker: its figures, how many are watching. */
    reportMs: 1_000,
    /** Reports that may be missing before a worker is taken for hung, killed and replaced. */
    silentReports: 15,
    /** How long a scrape waits for the figures of a worker. */
    tallyMs: 500,
    /** How long a probe waits for the process of the queue. */
    answerMs: 2_000,
    /** Workers that may be replaced within `restartWindowMs`; with more, the server gives up. */
    restarts: 20,
    restartWindowMs: 60_000,
    /** How long the second of them waits; each after it waits twice as long, up to `longestRestartMs`. */
    restartMs: 10,
    longestRestartMs: 1_000,
    /** Purchases that a worker is handed at once for the organiser's list. */
    listedPurchases: 500,
    /** Free ports that are tried when one is taken between being found and being listened on. */
    portTries: 5,
    /** How long a stop waits for workers to hand over what they took; a part of `stop.drainMs`. */
    closeMs: 500,
    /** How long after the last goodbye a worker may take to end. */
    leaveMs: 300,
  },
  log: {
    /** Lines handed to the console at once. */
    batchLines: 2_048,
    /** Bytes that wait for a console that doesn't read. */
    waitingBytes: 4 * 1024 * 1024,
    flushMs: 100,
    /** Characters of what the client sent. */
    textLength: 80,
  },
  lab: {
    buyers: 100_000,
    stock: 100_000,
    repetitions: 10_000,
    /** Threads at once; more buyers share them. */
    threads: 64,
    /** The longest work between reading and writing. */
    workMs: 1_000,
    seed: 4_294_967_295,
    /** How long one call to the database that `--unsafe-no-queue` pretends to have takes at most. */
    databaseCallMs: 4,
  },
  /** Of `bilheteria crowd`, which is a client. */
  crowd: {
    users: 100_000,
    /** More people than this take another process. */
    usersPerProcess: 5_000,
    /** Descriptors of a process that are not people's. */
    reservedDescriptors: 64,
    rounds: 1_000,
    /** The longest thinking or listening. */
    pauseMs: 600_000,
    /** Two commands a round stay below the steady rate that the server allows. */
    shortestRoundMs: 40,
    seed: 4_294_967_295,
    noticeWithinMs: 600_000,
    /** The share of people that `--chaos` makes unruly. */
    unruly: 0.2,
    /** Handshakes of a process under way at once. */
    openings: 100,
    /** How long a handshake, or an answer, may take. */
    replyMs: 30_000,
    /** The same for whatever is asked before the crowd comes, and after. */
    knockMs: 5_000,
    /** How often a process tells what it counted. */
    newsMs: 200,
    /** How long everybody listens once more when all is over, for an AVISO too many. */
    settleMs: 500,
    /** Examples of what was wrong. */
    complaints: 5,
  },
  stop: {
    /** How long the whole stop may take; what isn't closed by then is cut. */
    deadlineMs: 4_500,
    /** How long the queue may take to be emptied. */
    drainMs: 2_000,
    /** How long the journal may take to be closed: a write ends, a snapshot is given up. */
    closeMs: 2_000,
    /** How long connections may take to read their last bytes. */
    lingerMs: 1_000,
  },
} as const;

type Widened<T> = { readonly [K in keyof T]: T[K] extends number ? number : Widened<T[K]> };

/** The shape of `LIMITS`, so that tests can start a server with smaller ones. */
export type Limits = Widened<typeof LIMITS>;
