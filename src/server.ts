/**
 * Where the parts meet: a server from settings, with nothing of the command line in it, so that tests can start one
 * in their own process.
 */
import { existsSync } from "node:fs";
import type { Server as NetServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { AdminToken } from "./admin-token.ts";
import type { Answer } from "./box-office/answer.ts";
import { createBoxOffice } from "./box-office/box-office.ts";
import type { Command } from "./box-office/command.ts";
import type { SaleId, SaleView } from "./box-office/sale.ts";
import { Hub } from "./broadcast/hub.ts";
import { ConfigError, DEFAULT_SALE, readInstant, type Limits, type Settings } from "./config.ts";
import { descriptorLimit } from "./descriptors.ts";
import { EngineFault } from "./engine/fault.ts";
import type { CommandRecorder, Journal, Published } from "./engine/ports.ts";
import { systemClock, systemEntropy, systemScheduler } from "./engine/system.ts";
import { Admission } from "./gateway/admission.ts";
import { ReplyFlusher } from "./gateway/connection.ts";
import type { Desk } from "./gateway/desk.ts";
import { HttpApi } from "./gateway/http-api.ts";
import { HttpGateway } from "./gateway/http-gateway.ts";
import { TcpGateway } from "./gateway/tcp-gateway.ts";
import { WebSocketGateway } from "./gateway/websocket-gateway.ts";
import type { Replayed } from "./journal/opening.ts";
import { CommandLog, noCommandLog, type LineSink } from "./observability/command-log.ts";
import { Metrics } from "./observability/metrics.ts";
import { openCounter, type SellingCounter } from "./selling.ts";
import { stopServer } from "./stopping.ts";
import { openStorage, type Storage } from "./storage.ts";

export interface ServerOptions {
  readonly version: string;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Where a line per command goes; null for none. */
  readonly commandLines: LineSink | null;
  /** Log lines that the console dropped. */
  readonly droppedLogLines: () => number;
  /** Called once when the server can't go on; it answers nothing any more. */
  readonly fail: (fault: EngineFault) => void;
}

export interface RunningServer {
  readonly httpPort: number;
  /** Null without raw TCP. */
  readonly tcpPort: number | null;
  readonly adminToken: AdminToken;
  /** What the start found in the data directory; null with `--memory`. */
  readonly replayed: Replayed | null;
  /** The default sale, and whether this start created it. */
  readonly sale: SaleView;
  readonly created: boolean;
  /** Sockets that may be open at once. */
  readonly maxConnections: number;
  /** Settings that only create, given though the sale was there already. */
  readonly ignored: readonly string[];
  /**
   * Stops accepting, finishes the queue, syncs, and closes every socket with 1001. False when the queue or the disk
   * didn't get done: what was answered is durable all the same.
   */
  stop(): Promise<boolean>;
  /** After a fault that nobody expected: no command is carried out or answered any more. The caller ends the process. */
  halt(): void;
}

/**
 * @throws {ConfigError} if the settings don't fit each other.
 * @throws {JournalCorrupt | DataDirectoryInUse | DiskFault} if the data directory can't be used.
 * @throws the system's error if a port can't be listened on.
 */
export async function startServer(settings: Settings, options: ServerOptions): Promise<RunningServer> {
  const { limits } = options;
  const state = createBoxOffice();
  const opensAt = settings.opensAt === undefined ? null : readInstant(settings.opensAt, systemClock.now());
  let { port } = settings;
  const storage = await openStorage(settings, state, options, () => `port ${port}`);
  const { journal, adminToken } = storage;
  const metrics = new Metrics();
  const commandLog =
    options.commandLines === null ? null : new CommandLog(options.commandLines, systemScheduler, limits.log);
  // The hub needs the engine's views and the engine tells the hub what happened: one of them is made first.
  let hub: Hub | null = null;
  const parts = {
    state,
    journal,
    clock: systemClock,
    scheduler: systemScheduler,
    rules: limits.rules,
    limits: limits.engine,
    probe: metrics,
    publish: (published: Published) => hub?.publish(published),
    fail: options.fail,
  };
  const engine = openCounter(settings, parts, limits);
  hub = new Hub(
    { clock: systemClock, scheduler: systemScheduler, limits: limits.hub, probe: metrics },
    engine.views(),
  );
  storage.watch?.((why) => {
    engine.halt();
    options.fail(new EngineFault("JOURNAL_GONE", why));
  });
  const created = await createDefaultSale(engine, settings, opensAt);
  const desk = makeDesk({ engine, hub, settings, options, journal, recorder: commandLog ?? noCommandLog });
  const maxConnections = Math.max(
    1,
    descriptorLimit(limits.connections.fallbackTotal) - limits.connections.reservedDescriptors,
  );
  const admission = new Admission(maxConnections, limits.connections.perAddress);
  const gateways = openGateways({ desk, admission, engine, settings, storage, metrics });
  metrics.read({
    queueLength: () => engine.waiting,
    subscribers: () => desk.hub.subscribers,
    connections: () => ({
      ws: gateways.webSockets.connections,
      tcp: gateways.tcp?.connections ?? 0,
      sockets: admission.open,
    }),
    sessionFaults: () => desk.counts.faults,
    slowReaders: () => desk.counts.slowReaders,
    refusedConnections: () => desk.counts.refusedConnections,
    droppedLogLines: () => commandLog?.dropped ?? options.droppedLogLines(),
    sales: () => engine.views(),
    journalReady: () => journal.health().ok,
  });
  const stop = (): Promise<boolean> =>
    stopServer({ engine, hub, journal, commandLog, ...gateways, admission, limits: limits.stop });
  try {
    const listening = {
      host: settings.host,
      backlog: limits.connections.backlog,
      report: (fault: Error) => desk.report("a connection couldn't be accepted", fault),
    };
    const httpPort = await listen(gateways.http.server, settings.port, listening);
    port = httpPort;
    const tcpPort =
      gateways.tcp === null ? null : await listen(gateways.tcp.server, settings.tcpPort, listening);
    const sale = engine.view(DEFAULT_SALE as SaleId);
    if (sale === undefined) throw new Error("the default sale is missing after it was created");
    const { replayed } = storage;
    const ignored = created ? [] : settings.creating;
    const halt = (): void => engine.halt();
    return { httpPort, tcpPort, adminToken, replayed, sale, created, maxConnections, ignored, stop, halt };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** `--stock` only creates: a sale that the journal knows already stays as it is. */
async function createDefaultSale(
  engine: SellingCounter,
  settings: Settings,
  opensAt: number | null,
): Promise<boolean> {
  const sale = DEFAULT_SALE as SaleId;
  if (engine.view(sale) !== undefined) return false;
  const { title, stock: capacity } = settings;
  if (opensAt !== null && opensAt <= systemClock.now()) {
    throw new ConfigError(
      `--opens-at ${settings.opensAt ?? ""} is in the past: the sale would be open at once. Leave it away for that`,
    );
  }
  await new Promise<void>((resolve, reject) => {
    const command: Command = { type: "create", sale, title, capacity, opensAt, closesAt: null };
    const reply = (answer: Answer): void => {
      if (answer.kind === "stock") resolve();
      else reject(new Error(`the default sale can't be created: ${JSON.stringify(answer)}`));
    };
    const taken = engine.submit({ command, reply }, "organiser");
    if (!taken) reject(new Error("the default sale can't be created: the queue takes nothing"));
  });
  return true;
}

function makeDesk(parts: {
  readonly engine: SellingCounter;
  readonly hub: Hub;
  readonly settings: Settings;
  readonly options: ServerOptions;
  readonly journal: Journal;
  readonly recorder: CommandRecorder;
}): Desk {
  const { engine, hub, settings, options, journal, recorder } = parts;
  return {
    counter: engine,
    hub,
    clock: systemClock,
    entropy: systemEntropy,
    recorder,
    flusher: new ReplyFlusher(),
    limits: options.limits,
    requestLimits: {
      maxQuantity: options.limits.rules.maxQuantity,
      lineBytes: options.limits.session.lineBytes,
    },
    rateLimit: settings.rateLimit,
    epoch: journal.epoch,
    server: `bilheteria/${options.version}`,
    unsafe: settings.unsafeNoQueue,
    counts: { sessions: 0, slowReaders: 0, faults: 0, refusedConnections: 0 },
    report: (message, cause) => options.logger.error({ err: describe(cause) }, message),
  };
}

interface Gateways {
  readonly http: HttpGateway;
  readonly webSockets: WebSocketGateway;
  readonly tcp: TcpGateway | null;
}

function openGateways(parts: {
  readonly desk: Desk;
  readonly admission: Admission;
  readonly engine: SellingCounter;
  readonly settings: Settings;
  readonly storage: Storage;
  readonly metrics: Metrics;
}): Gateways {
  const { desk, admission, engine, settings, storage, metrics } = parts;
  const { recount, adminToken, journal } = storage;
  const api = new HttpApi({
    desk,
    adminToken: adminToken.token,
    purchases: (sale) => engine.purchases(sale),
    recount: recount === null ? null : (sale) => recount(sale, engine.durableOffset),
  });
  const page = fileURLToPath(new URL("../page/", import.meta.url));
  if (!existsSync(page)) throw new ConfigError("the page isn't built. Run npm run build first");
  const defaultSale = DEFAULT_SALE as SaleId;
  const webSockets = new WebSocketGateway({ desk, defaultSale, origins: settings.origin });
  const http = new HttpGateway({
    desk,
    admission,
    api,
    webSockets,
    page,
    readiness: () => journal.health(),
    metrics: () => metrics.scrape(),
  });
  return {
    http,
    webSockets,
    tcp: settings.tcp ? new TcpGateway({ desk, admission, sale: defaultSale }) : null,
  };
}

async function listen(
  server: NetServer,
  port: number,
  parts: {
    readonly host: string | undefined;
    readonly backlog: number;
    readonly report: (fault: Error) => void;
  },
): Promise<number> {
  const { host, backlog, report } = parts;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, backlog, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      // A connection that can't be accepted (no descriptors, no memory) is that connection's trouble.
      server.on("error", report);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
