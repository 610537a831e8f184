import { expect } from "chai";
import { rejected } from "../../src/box-office/answer.ts";
import { viewSale, type SaleId, type SaleView } from "../../src/box-office/sale.ts";
import { Metrics, type Readings } from "../../src/observability/metrics.ts";
import { buy, create, GALA, query } from "../support/commands.ts";
import { Office } from "../support/office.ts";

const READINGS: Readings = {
  queueLength: () => 11,
  subscribers: () => 12,
  connections: () => ({ ws: 13, tcp: 14, sockets: 15 }),
  sessionFaults: () => 16,
  slowReaders: () => 17,
  refusedConnections: () => 18,
  droppedLogLines: () => 19,
  workers: () => ({ running: 21, lost: 22 }),
  loopDelayElsewhere: () => 0,
  sales: () => [],
  journalReady: () => true,
};

async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const { body } = await metrics.scrape();
  const rows = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    rows.map((row) => [row.slice(0, row.lastIndexOf(" ")), Number(row.slice(row.lastIndexOf(" ") + 1))]),
  );
}

describe("observability: metrics", () => {
  it("show what is read when a scrape comes", async () => {
    const metrics = new Metrics();
    let ready = true;
    metrics.read({ ...READINGS, journalReady: () => ready });
    const shown = await scrape(metrics);
    const expected = {
      bilheteria_queue_length: 11,
      bilheteria_subscribers: 12,
      bilheteria_websocket_connections: 13,
      bilheteria_tcp_connections: 14,
      bilheteria_sockets: 15,
      bilheteria_session_faults: 16,
      bilheteria_slow_readers: 17,
      bilheteria_refused_connections: 18,
      bilheteria_log_lines_dropped: 19,
      bilheteria_journal_ready: 1,
    };
    for (const [name, value] of Object.entries(expected)) expect(shown.get(name), name).to.equal(value);
    ready = false;
    expect((await scrape(metrics)).get("bilheteria_journal_ready")).to.equal(0);
  });

  it("count decisions by outcome, over all scrapes", async () => {
    const metrics = new Metrics();
    const office = new Office();
    office.do(create(GALA, 3));
    const tell = (command: Parameters<Office["do"]>[0]): void =>
      metrics.decided(command, office.do(command).answer);
    for (const command of [
      buy(GALA, 1, { key: "one" }),
      buy(GALA, 1, { key: "one" }),
      query(GALA),
      buy(GALA, 9),
    ]) {
      tell(command);
    }
    await scrape(metrics);
    tell(buy(GALA, 2));
    tell({ type: "audit", sale: GALA });
    metrics.decided(query(GALA), rejected({ reason: "busy" }));
    const shown = await scrape(metrics);
    const outcomes = { sold: 2, repeated: 1, stock: 1, insufficient_stock: 1, audit: 1, busy: 1 };
    for (const [outcome, count] of Object.entries(outcomes)) {
      expect(shown.get(`bilheteria_decisions_total{outcome="${outcome}"}`), outcome).to.equal(count);
    }
  });

  it("spread batches over sizes and appends over seconds", async () => {
    const metrics = new Metrics();
    for (const size of [1, 3, 3_000]) metrics.batch(size);
    for (const ms of [0.3, 4, 9_000]) metrics.synced(ms);
    const shown = await scrape(metrics);
    expect(shown.get('bilheteria_batch_commands_bucket{le="1"}')).to.equal(1);
    expect(shown.get('bilheteria_batch_commands_bucket{le="4"}')).to.equal(2);
    expect(shown.get('bilheteria_batch_commands_bucket{le="+Inf"}')).to.equal(3);
    expect(shown.get("bilheteria_batch_commands_sum")).to.equal(3_004);
    expect(shown.get('bilheteria_journal_sync_seconds_bucket{le="0.0005"}')).to.equal(1);
    expect(shown.get('bilheteria_journal_sync_seconds_bucket{le="0.005"}')).to.equal(2);
    expect(shown.get("bilheteria_journal_sync_seconds_sum")).to.be.closeTo(9.0043, 1e-9);
  });

  it("count deliveries and their bytes, each once", async () => {
    const metrics = new Metrics();
    metrics.delivered(10);
    metrics.delivered(32);
    await scrape(metrics);
    metrics.delivered(8);
    const shown = await scrape(metrics);
    expect(shown.get("bilheteria_deliveries_total")).to.equal(3);
    expect(shown.get("bilheteria_delivered_bytes_total")).to.equal(50);
  });

  it("tell how late the event loop is, from the start", async () => {
    const metrics = new Metrics();
    metrics.read(READINGS);
    for (let i = 0; i < 2; i++) {
      const delay = (await scrape(metrics)).get("bilheteria_event_loop_delay_p99_seconds");
      expect(delay).to.be.a("number");
      expect(delay! >= 0 && Number.isFinite(delay)).to.equal(true);
    }
    expect(
      [...(await scrape(metrics)).keys()].some((name) => name.startsWith("bilheteria_process_cpu")),
    ).to.equal(true);
  });

  it("show each sale, up to a hundred of them", async () => {
    const office = new Office();
    office.do(create(GALA, 10));
    office.do(buy(GALA, 4));
    const view = viewSale(office.sale(GALA), 1);
    const many: SaleView[] = Array.from({ length: 150 }, (_, i) => ({ ...view, sale: `s${i}` as SaleId }));
    const metrics = new Metrics();
    metrics.read({ ...READINGS, sales: () => [view, ...many] });
    const shown = await scrape(metrics);
    expect(shown.get('bilheteria_available{sale="gala"}')).to.equal(6);
    expect(shown.get('bilheteria_sold{sale="gala"}')).to.equal(4);
    const rows = [...shown.keys()].filter((name) => name.startsWith("bilheteria_available{"));
    expect(rows).to.have.length(100);
  });

  it("each have a help text, and names of one family", async () => {
    const metrics = new Metrics();
    metrics.read(READINGS);
    const { body, type } = await metrics.scrape();
    expect(type).to.match(/^text\/plain; version=0\.0\.4/);
    for (const line of body.split("\n")) {
      if (line.startsWith("# HELP")) expect(line).to.match(/^# HELP bilheteria_[a-z0-9_]+ \S.+$/);
      else if (line !== "") expect(line).to.match(/^(# TYPE )?bilheteria_/);
    }
  });
});
