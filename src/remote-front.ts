/** The gateways of one worker, and all that they have from the engine's process over the link. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Purchase } from "./box-office/purchases.ts";
import type { Audit, SaleId } from "./box-office/sale.ts";
import { frameOf, FrameKind } from "./cluster/framing.ts";
import type { Link } from "./cluster/link.ts";
import type { Counts, NamedCount, NoteToEngine, NoteToWorker, Report, Welcome } from "./cluster/notes.ts";
import { Questions } from "./cluster/questions.ts";
import { RemoteCounter } from "./cluster/remote-counter.ts";
import { readTurn } from "./cluster/turn-codec.ts";
import { systemScheduler } from "./engine/system.ts";
import type { JournalHealth } from "./engine/ports.ts";
import { listenAll, openGateways, type Gateways } from "./gateways.ts";
import { CommandLog, formatJson, formatReadable, type LineSink } from "./observability/command-log.ts";
import { Rehearsal } from "./rehearsal.ts";
import { describeFault } from "./start-fault.ts";
import { lingerAndCut, sayGoodbye, stopAccepting } from "./stopping.ts";

/** More sessions than one process ever has; the numbers of the next worker begin behind them. */
const SESSIONS_PER_WORKER = 2 ** 32;

export class RemoteFront {
  readonly #welcome: Welcome;
  readonly #link: Link;
  readonly #questions: Questions;
  readonly #counter: RemoteCounter;
  readonly #gateways: Gateways;
  readonly #commandLog: CommandLog | null;
  readonly #rehearsal: Rehearsal;
  readonly #loop = monitorEventLoopDelay({ resolution: 10 });
  readonly #delivered = { deliveries: 0, deliveredBytes: 0 };
  /** Addresses whose sockets changed in this turn, and how many they have now. */
  #addresses = new Map<string, number>();
  /** Audiences as the engine's process was told. */
  #audiences = new Map<string, number>();

  constructor(welcome: Welcome, link: Link) {
    const { settings, limits, incarnation, elsewhere, epoch, recent } = welcome;
    this.#welcome = welcome;
    this.#link = link;
    this.#questions = new Questions((note) => this.#tell(note));
    this.#counter = new RemoteCounter(
      {
        scheduler: systemScheduler,
        send: (rows) => link.send(frameOf(FrameKind.commands, JSON.stringify(rows))),
        publish: (published) => this.#gateways.hub.publish(published),
        limits: limits.engine,
      },
      welcome.views,
    );
    const { commandLog } = welcome;
    this.#commandLog =
      commandLog === null ? null : new CommandLog(this.#lineSink(commandLog), systemScheduler, limits.log);
    this.#gateways = openGateways({
      ...welcome,
      // The engine's process keeps a scrape for a while, so that all workers say the same.
      limits: { ...limits, http: { ...limits.http, metricsMs: 0 } },
      counter: this.#counter,
      sessionsBefore: incarnation * SESSIONS_PER_WORKER,
      recorder: this.#commandLog,
      probe: { delivered: (bytes) => this.#count(bytes) },
      report: (message, cause) => this.#tell({ type: "fault", message, detail: describeFault(cause) }),
      addressChanged: (address, count) => this.#addressChanged(address, count),
      purchases: (sale) => this.#purchases(sale),
      recount: settings.memory ? null : (sale) => this.#questions.ask<Audit>({ what: "recount", sale }),
      readiness: () => this.#readiness(),
      metrics: () => this.#questions.ask({ what: "metrics" }),
    });
    this.#rehearsal = new Rehearsal({
      limits,
      isAlone: () => this.#gateways.admission.open === 0,
      remark: (message) => this.#tell({ type: "remark", message }),
    });
    // Nobody is here yet: it is only known to whoever resumes.
    for (const { event, offset } of recent)
      this.#gateways.hub.publish({ epoch, views: [], events: [event], offset });
    this.#hearElsewhere(elsewhere);
  }

  /** Tells the engine's process when it listens; ends the process if it can't. */
  async listen(): Promise<void> {
    const { settings, ports, limits } = this.#welcome;
    try {
      await listenAll(this.#gateways, { host: settings.host, port: ports.http, tcpPort: ports.tcp ?? 0 });
    } catch (cause) {
      const { message, code, syscall, port } = cause as NodeJS.ErrnoException & { port?: number };
      this.#tell({ type: "failed", fault: { message, code, syscall, port } });
      await this.#leave(1);
    }
    this.#loop.enable();
    this.#tell({ type: "listening" });
    if (settings.rehearsal) this.#rehearsal.start();
    setInterval(() => this.#reportFigures(), limits.workers.reportMs);
  }

  /** @param body of a turn's frame. */
  take(body: Buffer): void {
    this.#counter.take(readTurn(body));
  }

  hear(note: NoteToWorker): void {
    switch (note.type) {
      case "elsewhere":
        this.#hearElsewhere(note.counts);
        return;
      case "told":
        this.#questions.told(note.id, note.value);
        return;
      case "untold":
        this.#questions.untold(note.id, note.message);
        return;
      case "tally":
        this.#reportFigures();
        return;
      case "close":
        stopAccepting(this.#gateways);
        this.#counter.close();
        this.#tell({ type: "closed" });
        return;
      case "goodbye":
        void this.#stop();
    }
  }

  async #stop(): Promise<void> {
    void this.#rehearsal.stop();
    await sayGoodbye(this.#gateways);
    this.#commandLog?.flush();
    await lingerAndCut(this.#gateways, this.#welcome.limits.stop.lingerMs);
    this.#commandLog?.flush();
    this.#reportFigures();
    await this.#leave(0);
  }

  async #leave(code: number): Promise<never> {
    await this.#link.finished();
    process.exit(code);
  }

  #tell(note: NoteToEngine): void {
    this.#link.note(note);
  }

  #count(bytes: number): void {
    this.#delivered.deliveries += 1;
    this.#delivered.deliveredBytes += bytes;
  }

  #reportFigures(): void {
    const { desk, hub, webSockets, tcp, admission } = this.#gateways;
    const p99 = this.#loop.percentile(99) / 1e9;
    this.#loop.reset();
    const report: Report = {
      ...this.#delivered,
      subscribers: hub.subscribers,
      webSockets: webSockets.connections,
      tcp: tcp?.connections ?? 0,
      sockets: admission.open,
      sessionFaults: desk.counts.faults,
      slowReaders: desk.counts.slowReaders,
      refusedConnections: desk.counts.refusedConnections,
      droppedLogLines: this.#commandLog?.dropped ?? 0,
      loopDelay: Number.isFinite(p99) ? p99 : 0,
    };
    const audiences = this.#changedAudiences();
    if (audiences.length > 0) this.#tell({ type: "counts", counts: { addresses: [], audiences } });
    this.#tell({ type: "report", report });
  }

  #changedAudiences(): NamedCount[] {
    const now = new Map<string, number>(this.#gateways.hub.audiences());
    const before = this.#audiences;
    this.#audiences = now;
    const grown = [...now].filter(([sale, count]) => before.get(sale) !== count);
    const gone = [...before.keys()].filter((sale) => !now.has(sale)).map((sale): NamedCount => [sale, 0]);
    return [...grown, ...gone];
  }

  #addressChanged(address: string, count: number): void {
    const isFirst = this.#addresses.size === 0;
    this.#addresses.set(address, count);
    if (!isFirst) return;
    systemScheduler.soon(() => {
      const addresses = [...this.#addresses];
      this.#addresses = new Map();
      this.#tell({ type: "counts", counts: { addresses, audiences: [] } });
    });
  }

  #hearElsewhere({ addresses, audiences }: Counts): void {
    const { admission, hub } = this.#gateways;
    for (const [address, count] of addresses) admission.hearElsewhere(address, count);
    for (const [sale, count] of audiences) hub.hearElsewhere(sale as SaleId, count);
  }

  async *#purchases(sale: SaleId): AsyncGenerator<Purchase> {
    const { listedPurchases } = this.#welcome.limits.workers;
    let until: number | null = null;
    for (let from = 0; ; from += listedPurchases) {
      const page: PurchasePage = await this.#questions.ask({ what: "purchases", sale, from, until });
      yield* page.purchases;
      if (page.purchases.length < listedPurchases) return;
      ({ until } = page);
    }
  }

  /** A queue's process that doesn't answer isn't ready, whatever keeps it. */
  async #readiness(): Promise<JournalHealth> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<JournalHealth>((resolve) => {
      const why = "the queue's process doesn't answer";
      timer = setTimeout(() => resolve({ ok: false, why }), this.#welcome.limits.workers.answerMs);
    });
    try {
      return await Promise.race([this.#questions.ask<JournalHealth>({ what: "readiness" }), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The lines of all processes are written by one, so that none ends up within another. */
  #lineSink(style: "readable" | "json"): LineSink {
    const { waitingBytes } = this.#welcome.limits.log;
    return {
      style,
      format: style === "readable" ? formatReadable : formatJson,
      write: (lines) => {
        if (this.#link.backlog > waitingBytes) return false;
        this.#link.send(frameOf(FrameKind.lines, lines));
        return true;
      },
      warn: (message, figures) => this.#tell({ type: "warning", message, figures }),
    };
  }
}

interface PurchasePage {
  readonly until: number;
  readonly purchases: readonly Purchase[];
}
