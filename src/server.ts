/**
 * Where the parts meet: a server from settings, with nothing of the command line in it, so that tests can start one
 * in their own process.
 */
import { availableParallelism } from "node:os";
import type { AdminToken } from "./admin-token.ts";
import type { Answer } from "./box-office/answer.ts";
import { createBoxOffice } from "./box-office/box-office.ts";
import type { Command } from "./box-office/command.ts";
import type { SaleId, SaleView } from "./box-office/sale.ts";
import { ConfigError, DEFAULT_SALE, readInstant, wantedPorts, workerCount, type Settings } from "./config.ts";
import { freePorts } from "./cluster/free-port.ts";
import { EngineFault } from "./engine/fault.ts";
import type { Journal, Published } from "./engine/ports.ts";
import { systemClock, systemScheduler } from "./engine/system.ts";
import type { Front, FrontParts } from "./front.ts";
import { pageFolder } from "./gateways.ts";
import type { Replayed } from "./journal/opening.ts";
import { WakefulJournal } from "./journal/wakeful-journal.ts";
import type { Limits } from "./limits.ts";
import * as manyProcesses from "./many-processes.ts";
import { Metrics } from "./observability/metrics.ts";
import * as oneProcess from "./one-process.ts";
import { openCounter, type SellingCounter } from "./selling.ts";
import type { ServerOptions } from "./server-options.ts";
import { openStorage } from "./storage.ts";

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
  /** Gateway processes beside this one; 0 when there is no other. */
  readonly workers: number;
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
  const storage = await openStorage(settings, state, options, {
    describe: () => `port ${port}`,
    beforeChange: async () => {
      pageFolder();
      if (settings.fresh) assertOpensLater(settings, opensAt);
      await freePorts(wantedPorts(settings), settings.host);
    },
    afterReplay: () => {
      if (!state.sales.has(DEFAULT_SALE as SaleId)) assertOpensLater(settings, opensAt);
    },
  });
  const { adminToken, replayed } = storage;
  const processors = availableParallelism();
  const workers = workerCount(settings, processors);
  const metrics = new Metrics();
  // The front needs the engine's views and the engine tells the front what happened: one of them is made first.
  let front: Front | null = null;
  const parts = {
    state,
    journal: workers === 0 && processors > 1 ? staysAwake(storage.journal, limits) : storage.journal,
    clock: systemClock,
    scheduler: systemScheduler,
    rules: limits.rules,
    limits: limits.engine,
    probe: metrics,
    publish: (published: Published) => front?.publish(published),
    fail: options.fail,
  };
  const engine = openCounter(settings, parts, limits);
  storage.watch?.((why) => {
    engine.halt();
    options.fail(new EngineFault("JOURNAL_GONE", why));
  });
  const created = await createDefaultSale(engine, settings, opensAt);
  front = openFront({ settings, options, engine, storage, metrics }, workers);
  const stop = (): Promise<boolean> => front.stop();
  try {
    const { http: httpPort, tcp: tcpPort } = await front.listen();
    port = httpPort;
    const sale = engine.view(DEFAULT_SALE as SaleId);
    if (sale === undefined) throw new Error("the default sale is missing after it was created");
    const ignored = created ? [] : settings.creating;
    const halt = (): void => engine.halt();
    const { maxConnections } = front;
    const found = { httpPort, tcpPort, adminToken, replayed, sale, created, ignored };
    return { ...found, maxConnections, workers, stop, halt };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Gateway processes want the other processors for themselves. */
function staysAwake(journal: Journal, limits: Limits): Journal {
  return new WakefulJournal({
    journal,
    clock: systemClock,
    scheduler: systemScheduler,
    limits: limits.awake,
  });
}

function openFront(parts: FrontParts, workers: number): Front {
  return workers === 0 ? oneProcess.openFront(parts) : manyProcesses.openFront(parts, workers);
}

/** For a start that will create the sale. @throws {ConfigError} if its opening has passed. */
function assertOpensLater({ opensAt: given = "" }: Settings, opensAt: number | null): void {
  if (opensAt === null || opensAt > systemClock.now()) return;
  throw new ConfigError(
    `--opens-at ${given} is in the past: the sale would be open at once. Leave it away for that`,
  );
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
