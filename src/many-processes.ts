/**
 * The gateways in processes of their own. This process keeps the queue, the journal and the console; what its workers
 * can't know (the journal's readiness, the list of purchases, everybody's figures) they ask here.
 */
import { fileURLToPath } from "node:url";
import type { Purchase } from "./box-office/purchases.ts";
import type { SaleId } from "./box-office/sale.ts";
import { Crew, type CrewParts } from "./cluster/crew.ts";
import { freePorts } from "./cluster/free-port.ts";
import { NOTHING_COUNTED } from "./cluster/member.ts";
import type { Ports, Question, Report } from "./cluster/notes.ts";
import { recruit } from "./cluster/recruit.ts";
import { wantedPorts } from "./config.ts";
import { systemClock, systemScheduler } from "./engine/system.ts";
import type { Front, FrontParts } from "./front.ts";
import { maxConnections, pageFolder } from "./gateways.ts";
import { CommandLog } from "./observability/command-log.ts";
import { describeFault } from "./start-fault.ts";
import { stopWithCrew } from "./stopping.ts";

/** @param size how many workers. @throws {ConfigError} if there is no page to serve. */
export function openFront(parts: FrontParts, size: number): Front {
  pageFolder();
  let crew: Crew | null = null;
  let figures: Report = NOTHING_COUNTED;
  const { engine, metrics, storage, options } = parts;
  const { commandLines } = options;
  const commandLog =
    commandLines === null ? null : new CommandLog(commandLines, systemScheduler, options.limits.log);
  const scrape = shared(options.limits.http.metricsMs, async () => {
    figures = (await crew?.tally()) ?? NOTHING_COUNTED;
    metrics.deliveredElsewhere(figures);
    return metrics.scrape();
  });
  const answer = async (question: Question): Promise<unknown> =>
    question.what === "metrics" ? scrape() : answerQuestion(question, parts);
  metrics.read({
    queueLength: () => engine.waiting,
    subscribers: () => figures.subscribers,
    connections: () => ({ ws: figures.webSockets, tcp: figures.tcp, sockets: figures.sockets }),
    sessionFaults: () => figures.sessionFaults,
    slowReaders: () => figures.slowReaders,
    refusedConnections: () => figures.refusedConnections,
    droppedLogLines: () => figures.droppedLogLines + (commandLog?.dropped ?? options.droppedLogLines()),
    workers: () => ({ running: crew?.size ?? 0, lost: crew?.lost ?? 0 }),
    loopDelayElsewhere: () => figures.loopDelay,
    sales: () => engine.views(),
    journalReady: () => storage.journal.health().ok,
  });
  const ears: Ears = { answer, lines: (lines) => commandLog?.pass(lines) };
  return {
    maxConnections: maxConnections(options.limits) * size,
    publish: (published) => crew?.publish(published),
    listen: () => startCrew(parts, size, ears, (made) => (crew = made)),
    stop: () => stopWithCrew({ engine, journal: storage.journal, crew, limits: options.limits }),
  };
}

/** What becomes of the questions and the log lines of the workers. */
type Ears = Pick<CrewParts, "answer" | "lines">;

/** What `make` made stands in for the next `ms` milliseconds, whichever worker asks; a failure stands for nothing. */
function shared<Value>(ms: number, make: () => Promise<Value>): () => Promise<Value> {
  let last: { readonly at: number; readonly value: Promise<Value> } | null = null;
  return () => {
    const now = systemClock.monotonic();
    if (last === null || now - last.at >= ms) {
      last = { at: now, value: make() };
      last.value.catch(() => (last = null));
    }
    return last.value;
  };
}

/**
 * A port that was free a moment ago may be taken by now; then others are tried.
 *
 * @param made told each crew before it starts: its workers know what was published until then, and nothing else tells
 *   them what is published while they start.
 */
async function startCrew(
  parts: FrontParts,
  size: number,
  ears: Ears,
  made: (crew: Crew) => void,
): Promise<Ports> {
  const { settings, options } = parts;
  for (let tries = 1; ; tries++) {
    const wanted = wantedPorts(settings);
    const [http = 0, tcp = null] = await freePorts(wanted, settings.host);
    const ports = { http, tcp };
    const crew = makeCrew(parts, size, ports, ears);
    made(crew);
    try {
      await crew.start();
      return ports;
    } catch (cause) {
      const { code, port = 0 } = cause as NodeJS.ErrnoException & { port?: number };
      const isOurChoice = code === "EADDRINUSE" && !wanted.includes(port);
      if (!isOurChoice || tries === options.limits.workers.portTries) throw cause;
    }
  }
}

function makeCrew(parts: FrontParts, size: number, ports: Ports, ears: Ears): Crew {
  const { settings, options, engine, storage } = parts;
  const { limits, version, logger, commandLines, fail } = options;
  const program = fileURLToPath(new URL("./worker.js", import.meta.url));
  return new Crew({
    size,
    counter: engine,
    limits: limits.workers,
    recentEvents: limits.hub.resumedNotices,
    ports,
    recruit: () => recruit(program),
    welcome: () => ({
      settings,
      limits,
      version,
      epoch: storage.journal.epoch,
      journalId: storage.journalId,
      adminToken: storage.adminToken.token,
      addressKey: storage.addressKey,
      commandLog: commandLines?.style ?? null,
    }),
    ...ears,
    remark: (message) => logger.debug(message),
    warn: (message, figures) => logger.warn(figures, message),
    report: (message, detail) => logger.error({ err: describeFault(detail) }, message),
    replaced: () => logger.info("the worker that replaces it serves"),
    fail,
    monotonic: () => systemClock.monotonic(),
    after: (ms, task) => systemScheduler.after(ms, task),
  });
}

async function answerQuestion(
  question: Exclude<Question, { what: "metrics" }>,
  { engine, storage, options }: FrontParts,
): Promise<unknown> {
  switch (question.what) {
    case "readiness":
      return storage.journal.health();
    case "recount":
      return storage.recount?.(question.sale as SaleId, engine.durableOffset);
    case "purchases": {
      const until = question.until ?? engine.durableOffset;
      const purchases: Purchase[] = [];
      for (const purchase of engine.purchases(question.sale as SaleId, question.from, until)) {
        purchases.push(purchase);
        if (purchases.length === options.limits.workers.listedPurchases) break;
      }
      return { until, purchases };
    }
  }
}
