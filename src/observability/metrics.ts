/** What Prometheus scrapes. Names and meanings stand in docs/operations.md; a test compares the two. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Answer } from "../box-office/answer.ts";
import type { Command } from "../box-office/command.ts";
import type { SaleView } from "../box-office/sale.ts";
import type { EngineProbe } from "../engine/ports.ts";

/** What is read when a scrape comes, instead of being counted on the hot path. */
export interface Readings {
  queueLength(): number;
  subscribers(): number;
  connections(): { readonly ws: number; readonly tcp: number; readonly sockets: number };
  sessionFaults(): number;
  slowReaders(): number;
  refusedConnections(): number;
  droppedLogLines(): number;
  /** Gateway processes beside this one, and how many of them had to be replaced. */
  workers(): { readonly running: number; readonly lost: number };
  /** The largest delay of an event loop in another process, in seconds. */
  loopDelayElsewhere(): number;
  sales(): Iterable<SaleView>;
  journalReady(): boolean;
}

const SYNC_BUCKETS = [0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

/** Sales shown, the first of them; an organiser with more asks `/api/sales` for the rest. */
const SALES_SHOWN = 100;

export class Metrics implements EngineProbe {
  readonly #registry = new Registry();
  readonly #decisions: Counter<"outcome">;
  readonly #batch: Histogram;
  readonly #sync: Histogram;
  readonly #deliveries: Counter;
  readonly #deliveredBytes: Counter;
  readonly #tallies = new Map<string, { count: number }>();
  readonly #loop = monitorEventLoopDelay({ resolution: 10 });
  #delivered = 0;
  #bytes = 0;
  #elsewhere = { deliveries: 0, deliveredBytes: 0 };

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({
      register: this.#registry,
      prefix: "bilheteria_",
      eventLoopMonitoringPrecision: 10,
    });
    this.#decisions = new Counter({
      name: "bilheteria_decisions_total",
      help: "Commands decided and answered, by outcome",
      labelNames: ["outcome"],
      registers,
    });
    this.#batch = new Histogram({
      name: "bilheteria_batch_commands",
      help: "Commands of one batch",
      buckets: BATCH_BUCKETS,
      registers,
    });
    this.#sync = new Histogram({
      name: "bilheteria_journal_sync_seconds",
      help: "Time for a batch to become durable",
      buckets: SYNC_BUCKETS,
      registers,
    });
    this.#deliveries = new Counter({
      name: "bilheteria_deliveries_total",
      help: "Writes of pushes to subscribers",
      registers,
    });
    this.#deliveredBytes = new Counter({
      name: "bilheteria_delivered_bytes_total",
      help: "Bytes of pushes to subscribers",
      registers,
    });
    this.#loop.enable();
  }

  decided(_command: Command, answer: Answer): void {
    const outcome = outcomeOf(answer);
    const tally = this.#tallies.get(outcome);
    if (tally === undefined) this.#tallies.set(outcome, { count: 1 });
    else tally.count += 1;
  }

  batch(commands: number): void {
    this.#batch.observe(commands);
  }

  synced(ms: number): void {
    this.#sync.observe(ms / 1000);
  }

  delivered(bytes: number): void {
    this.#delivered += 1;
    this.#bytes += bytes;
  }

  /** What other processes have delivered since the start, in all. */
  deliveredElsewhere(totals: { readonly deliveries: number; readonly deliveredBytes: number }): void {
    const { deliveries, deliveredBytes } = totals;
    this.#delivered += Math.max(0, deliveries - this.#elsewhere.deliveries);
    this.#bytes += Math.max(0, deliveredBytes - this.#elsewhere.deliveredBytes);
    this.#elsewhere = { deliveries, deliveredBytes };
  }

  /** Registers what is read at scrape time; call once. */
  read(readings: Readings): void {
    this.#gauge("bilheteria_queue_length", "Commands waiting in the mailbox", () => readings.queueLength());
    this.#gauge("bilheteria_subscribers", "Connections that hear pushes", () => readings.subscribers());
    this.#gauge("bilheteria_sockets", "Open sockets of all kinds", () => readings.connections().sockets);
    this.#gauge("bilheteria_websocket_connections", "Open WebSockets", () => readings.connections().ws);
    this.#gauge("bilheteria_tcp_connections", "Open raw TCP connections", () => readings.connections().tcp);
    this.#gauge("bilheteria_session_faults", "Sessions closed by a fault of their own", () =>
      readings.sessionFaults(),
    );
    this.#gauge("bilheteria_slow_readers", "Connections closed because they read too slowly", () =>
      readings.slowReaders(),
    );
    this.#gauge("bilheteria_refused_connections", "Connections refused because the server was full", () =>
      readings.refusedConnections(),
    );
    this.#gauge("bilheteria_log_lines_dropped", "Log lines dropped because the console stalled", () =>
      readings.droppedLogLines(),
    );
    this.#gauge("bilheteria_journal_ready", "1 when the journal takes events", () =>
      readings.journalReady() ? 1 : 0,
    );
    this.#gauge(
      "bilheteria_workers",
      "Gateway processes beside the engine's",
      () => readings.workers().running,
    );
    this.#gauge(
      "bilheteria_workers_lost",
      "Gateway processes that ended, or were killed, and were replaced",
      () => readings.workers().lost,
    );
    this.#gauge(
      "bilheteria_event_loop_delay_p99_seconds",
      "Delay of the event loop since the last scrape",
      () => {
        const p99 = this.#loop.percentile(99) / 1e9;
        this.#loop.reset();
        return Math.max(Number.isFinite(p99) ? p99 : 0, readings.loopDelayElsewhere());
      },
    );
    this.#saleGauge("bilheteria_available", "Tickets left", readings, (view) => view.available);
    this.#saleGauge("bilheteria_sold", "Tickets sold", readings, (view) => view.sold);
  }

  async scrape(): Promise<{ readonly type: string; readonly body: string }> {
    for (const [outcome, { count }] of this.#tallies) this.#decisions.inc({ outcome }, count);
    this.#tallies.clear();
    this.#deliveries.inc(this.#delivered);
    this.#deliveredBytes.inc(this.#bytes);
    this.#delivered = 0;
    this.#bytes = 0;
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #gauge(name: string, help: string, read: () => number): void {
    const registers = [this.#registry];
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read()) });
  }

  #saleGauge(name: string, help: string, readings: Readings, read: (view: SaleView) => number): void {
    const gauge: Gauge<"sale"> = new Gauge({
      name,
      help,
      labelNames: ["sale"],
      registers: [this.#registry],
      collect: () => {
        let shown = 0;
        for (const view of readings.sales()) {
          if (shown === SALES_SHOWN) break;
          gauge.set({ sale: view.sale }, read(view));
          shown += 1;
        }
      },
    });
  }
}

function outcomeOf(answer: Answer): string {
  switch (answer.kind) {
    case "receipt":
      return answer.repeated ? "repeated" : "sold";
    case "rejected":
      return answer.rejection.reason;
    case "stock":
    case "audit":
      return answer.kind;
  }
}
