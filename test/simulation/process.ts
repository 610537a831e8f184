/** One life of the server: the real parts over the simulated ports, from the opening of the journal to its end. */
import { createBoxOffice, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { Hub } from "../../src/broadcast/hub.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineFault } from "../../src/engine/fault.ts";
import type { Entropy, Journal, Published } from "../../src/engine/ports.ts";
import { byAddress } from "../../src/gateway/buyer-names.ts";
import { ReplyFlusher } from "../../src/gateway/connection.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { Heartbeat } from "../../src/gateway/heartbeat.ts";
import { TrustedProxies } from "../../src/gateway/trusted-proxies.ts";
import type { Disk } from "../../src/journal/disk.ts";
import { foldsInPlace } from "../../src/journal/fold-runner.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import type { TicketCode } from "../../src/box-office/sale.ts";
import { Clerk, isView, type Asker } from "./clerk.ts";
import { DiskOfProcess } from "./disk.ts";
import { Ear } from "./ear.ts";
import { MOST_BACKLOG_BYTES, PATIENCE_MS, SMALL_LIMITS } from "./limits.ts";
import { Link, type LinkClient } from "./link.ts";
import { openTcp, openWebSocket } from "./sockets.ts";
import { ProcessTime } from "./timeline.ts";
import { broken } from "./violation.ts";
import type { Witness } from "./witness.ts";
import type { World } from "./world.ts";

/** Within so long a reader that is too slow is closed: one sweep over TCP connections notices, a later one acts. */
const LONGEST_SLOW_MS = SMALL_LIMITS.output.slowMs + 2_500;

export const DATA = "/data";
export const DEFAULT_SALE = "default";

export type Phase = "opening" | "serving" | "stopping" | "over";

/** Who connects, and how. */
export interface Visit {
  readonly name: string;
  readonly transport: "ws" | "tcp";
  readonly dialect: "text" | "json";
  readonly sale: string;
  readonly address: string;
  readonly client: LinkClient;
}

export class ServerProcess {
  readonly world: World;
  readonly number: number;
  readonly time: ProcessTime;
  readonly disk: DiskOfProcess;
  readonly links = new Set<Link>();
  phase: Phase = "opening";
  hasServed = false;
  epoch = 0;
  engine!: Engine;
  clerk!: Clerk;
  hub!: Hub;
  state!: BoxOffice;
  journal!: Journal;
  /** The offset up to which the hub has been told, and when it was last told. */
  published = 0;
  publishedAt = 0;
  noRoomAt = Number.NEGATIVE_INFINITY;
  fault: EngineFault | null = null;
  #desk!: Desk;
  #heartbeat!: Heartbeat;
  #listening: Asker | null = null;
  #ports = 0;
  readonly #ends: { session: { end(code: 1001): void } | null; tcp: { end(code: 1001): void } | null }[] = [];

  constructor(world: World, number: number) {
    const { timeline, wall, platter, plan } = world;
    this.world = world;
    this.number = number;
    this.time = new ProcessTime(timeline, wall, world.random(`loop ${number}`), {
      lookCostMs: plan.lookCostMs,
      busyShare: world.random(`busy ${number}`).next(),
    });
    this.disk = new DiskOfProcess({
      platter,
      timeline,
      random: world.random(`disk ${number}`),
      watcher: {
        begun: (bytes) => world.check(() => this.witness.begun(bytes, this.epoch)),
        durable: (bytes) => world.check(() => this.witness.durable(bytes, this)),
      },
    });
  }

  get witness(): Witness {
    return this.world.witness;
  }

  /** Resolves when it serves. @throws what the opening of the journal throws. */
  async start(): Promise<void> {
    const { world, time, disk } = this;
    const { composition } = world;
    const state = createBoxOffice();
    const logs = world.random("log");
    const ported = composition.disk(this.#counted(disk), this);
    const { journal, replayed } = await openFileJournal({
      directory: DATA,
      disk: ported,
      limits: { ...SMALL_LIMITS.journal, segmentBytes: world.plan.segmentBytes },
      clock: time,
      scheduler: time,
      state,
      lock: null,
      fold: foldsInPlace(ported),
      onNote: ({ kind }) => world.count(`note ${kind}`),
      newLog: () => Array.from({ length: 32 }, () => logs.below(16).toString(16)).join(""),
    });
    if (this.phase === "over") return;
    world.trace(`open epoch ${journal.epoch} at ${state.offset}`);
    if (replayed.snapshotOffset !== null) world.count("snapshot used");
    if (replayed.torn !== null) world.count("torn frame recovered");
    this.epoch = journal.epoch;
    this.state = composition.state(state, this);
    world.check(() => this.witness.reopened(this));
    this.#open(composition.journal(this.#watched(journal), this));
    this.phase = "serving";
    this.hasServed = true;
    if (this.clerk.view(DEFAULT_SALE as SaleId) === undefined) await this.#createDefaultSale();
  }

  connect(visit: Visit): Link | null {
    const { world, time } = this;
    if (this.phase !== "serving" || this.clerk.view(visit.sale as SaleId) === undefined) return null;
    const { ledger, timeline, plan } = world;
    const { transport, dialect, address, sale } = visit;
    const ear = new Ear({
      dialect,
      transport,
      sale,
      address,
      ledger,
      epoch: this.epoch,
      published: () => this.published,
      now: () => timeline.now,
      step: () => world.steps,
      rateLimited: plan.rateLimit > 0,
      resumedNotices: SMALL_LIMITS.hub.resumedNotices,
    });
    const link = new Link({
      name: visit.name,
      transport,
      ear,
      timeline,
      random: world.random(`link ${visit.name}`),
      client: visit.client,
      closeTimeoutMs: SMALL_LIMITS.websocket.closeTimeoutMs,
      check: (check) => world.check(check),
      trace: (line) => world.trace(line),
    });
    const listening = (task: () => void): void => this.listen(ear, task);
    const entrance = {
      desk: this.#desk,
      sale,
      address,
      port: (this.#ports += 1),
      after: (ms: number, task: () => void) => time.after(ms, () => listening(task)),
      heartbeat: this.#heartbeat,
    };
    if (transport === "ws") this.#ends.push({ session: openWebSocket(link, entrance, dialect), tcp: null });
    else this.#ends.push({ session: null, tcp: openTcp(link, entrance) });
    const server = link.server!;
    link.server = {
      take: (bytes) => listening(() => server.take(bytes)),
      inputEnded: () => listening(() => server.inputEnded()),
      drained: () => server.drained(),
      closed: () => {
        this.links.delete(link);
        this.#noteClose(link);
        server.closed();
      },
    };
    this.links.add(link);
    return link;
  }

  /** Runs a task in which whatever is asked of the queue is asked by `asker`. */
  listen(asker: Asker, task: () => void): void {
    this.#listening = asker;
    task();
    this.#listening = null;
  }

  /** Ends it in good order, as src/stopping.ts does. */
  async stop(): Promise<void> {
    if (this.phase !== "serving") return;
    this.phase = "stopping";
    await this.engine.stop();
    await new Promise<void>((resolve) => this.time.soon(resolve));
    this.#heartbeat.stop();
    for (const { session, tcp } of this.#ends) (session ?? tcp)?.end(1001);
    this.hub.stop();
    await this.journal.close();
    this.end();
  }

  /** It is gone between two steps: nothing that it had begun goes on. */
  end(): void {
    if (this.phase === "over") return;
    if (this.phase !== "opening") this.world.count("refused as busy", this.clerk.refusedBusy);
    this.phase = "over";
    this.time.isOver = true;
    this.disk.isOver = true;
    for (const link of this.links) {
      this.#noteClose(link);
      link.processEnds();
    }
    this.links.clear();
  }

  /** It was not as dead as it seemed: it carries out one more command. Nothing does this but a planted bug. */
  comeBack(command: Command): void {
    this.disk.isOver = false;
    this.time.isOver = false;
    this.engine.submit({ command, reply: () => undefined }, "organiser");
  }

  /** Held to after every step. */
  assertSound(): void {
    if (this.phase !== "serving" && this.phase !== "stopping") return;
    const { ledger } = this.world;
    if (this.published > ledger.length)
      broken(2, "published before durable", `told ${this.published}, durable are ${ledger.length}`);
    const durable = ledger.states[this.published]!;
    for (const view of this.engine.views()) {
      const books = durable[view.sale];
      if (books === undefined || !isView(view, books, this.epoch))
        broken(2, "view", `${JSON.stringify(view)} instead of ${JSON.stringify(books)}`);
    }
    for (const sale of this.state.sales.values()) {
      const { available, held, sold, capacity, tickets } = sale;
      if (available < 0 || available + held + sold !== capacity || tickets !== sold)
        broken(1, "state", `the state of ${sale.id} is ${JSON.stringify(sale)}`);
    }
    if (this.engine.waiting > SMALL_LIMITS.engine.mailbox)
      broken(6, "mailbox bound", `${this.engine.waiting} commands wait`);
    for (const link of this.links)
      if (link.backlog > MOST_BACKLOG_BYTES)
        broken(6, "backlog bound", `${link.parts.name} has ${link.backlog} bytes unread`);
  }

  /** Held to now and then: whoever asked is answered, whoever listens is told, whoever doesn't read is closed. */
  assertTimely(): void {
    if (this.phase !== "serving" || this.fault !== null) return;
    const { now } = this.world.timeline;
    const trouble = this.world.troubleUntil();
    if (trouble > now) return;
    const { oldest } = this.clerk;
    if (oldest !== undefined && now - Math.max(oldest.at, trouble) > PATIENCE_MS)
      broken(6, "answer in time", `command ${oldest.number} has waited since ${oldest.at}`);
    for (const link of this.links) {
      if (link.isEnding) continue;
      if (link.heavySince !== null && now - link.heavySince > LONGEST_SLOW_MS)
        broken(6, "slow reader stays", `${link.parts.name} leaves too much unread since ${link.heavySince}`);
      if (link.unreadSince !== null) continue;
      const first = link.ear.dues[0];
      const isLate = first !== undefined && now - Math.max(first.since, trouble) > 2 * PATIENCE_MS + 1_000;
      if (isLate && this.world.plan.rateLimit === 0)
        broken(6, "answer in time", `${link.parts.name}: ${JSON.stringify(first)}`);
      link.ear.assertInformed(now - this.publishedAt, PATIENCE_MS);
    }
    this.#assertDeadlines(now, trouble);
  }

  #assertDeadlines(now: number, trouble: number): void {
    const { ledger, wall } = this.world;
    const since = Math.max(trouble, this.noRoomAt, wall.setAt, 0);
    if (now - since < PATIENCE_MS) return;
    for (const books of Object.values(ledger.now)) {
      const due = books.phase === "scheduled" ? books.opensAt : books.closesAt;
      if (books.phase !== "closed" && due !== null && due < wall.now() - PATIENCE_MS)
        broken(3, "deadline missed", `${books.sale} should have changed at ${due}: ${JSON.stringify(books)}`);
    }
  }

  #noteClose(link: Link): void {
    if (link.closeCode !== null) this.world.count(`close ${link.closeCode}`);
    if (link.ear.refusals > 0) this.world.count("refused for flooding", link.ear.refusals);
    if (link.ear.subscribedAmong > 0) this.world.count("subscribed among commands");
    if (link.ear.resumedWith > 0) this.world.count("resumed with missed notices");
    this.world.mostBacklog = Math.max(this.world.mostBacklog, link.mostBacklog);
  }

  #watched(journal: Journal): Journal {
    const { world } = this;
    return {
      epoch: journal.epoch,
      maxAppendBytes: journal.maxAppendBytes,
      append: (events) => journal.append(events),
      health: () => journal.health(),
      hasRoom: () => {
        const has = journal.hasRoom();
        if (!has) {
          this.noRoomAt = world.timeline.now;
          world.count("no room");
        }
        return has;
      },
      close: () => journal.close(),
    };
  }

  #counted(disk: DiskOfProcess): Disk {
    const rename = disk.rename.bind(disk);
    disk.rename = (from, to) => {
      if (this.phase === "serving" && to.endsWith(".log")) this.world.count("segment rolls");
      return rename(from, to);
    };
    return disk;
  }

  #open(journal: Journal): void {
    const { world, time } = this;
    const { composition, plan } = world;
    this.journal = journal;
    this.published = this.state.offset;
    const publish = composition.publish((published) => {
      world.check(() => this.#assertPublished(published));
      this.published = published.offset + published.events.length;
      this.publishedAt = world.timeline.now;
      this.hub.publish(published);
    }, this);
    this.engine = new Engine({
      state: this.state,
      journal,
      clock: composition.clock(time, this),
      scheduler: time,
      rules: SMALL_LIMITS.rules,
      limits: SMALL_LIMITS.engine,
      probe: { decided: () => undefined, batch: () => undefined, synced: () => undefined },
      publish,
      fail: (fault) => {
        this.fault = fault;
        world.check(() => this.witness.failed(fault, this));
      },
    });
    const parts = { clock: time, scheduler: time, loop: time, limits: SMALL_LIMITS.hub };
    this.hub = new Hub({ ...parts, probe: { delivered: () => undefined } }, this.engine.views());
    this.clerk = new Clerk(composition.counter(this.engine, this), {
      ledger: world.ledger,
      timeline: world.timeline,
      wall: world.wall,
      epoch: this.epoch,
      noRoomAt: () => this.noRoomAt,
      asker: () => this.#listening,
      report: (violation) => world.report(violation),
      trace: (line) => world.trace(line),
    });
    this.#desk = composition.desk(
      {
        counter: this.clerk,
        hub: this.hub,
        clock: time,
        entropy: this.#entropy(),
        after: (ms, task) => time.after(ms, task),
        recorder: { record: () => undefined },
        flusher: new ReplyFlusher(),
        limits: SMALL_LIMITS,
        requestLimits: {
          maxQuantity: SMALL_LIMITS.rules.maxQuantity,
          lineBytes: SMALL_LIMITS.session.lineBytes,
        },
        rateLimit: plan.rateLimit,
        proxies: new TrustedProxies([]),
        nameBuyer: byAddress,
        epoch: this.epoch,
        server: "simulated",
        unsafe: false,
        counts: { sessions: 0, slowReaders: 0, faults: 0, refusedConnections: 0 },
        report: (message, cause) =>
          world.check(() =>
            broken(6, "session fault", `${message}: ${cause instanceof Error ? cause.stack : String(cause)}`),
          ),
      },
      this,
    );
    this.#heartbeat = new Heartbeat(this.#desk, (ms, task) => time.every(ms, task));
    const sweep = (): void => {
      for (const { tcp } of this.#ends)
        (tcp as { endIfSlow?(now: number): void } | null)?.endIfSlow?.(time.monotonic());
    };
    time.every(1_000, sweep);
  }

  #assertPublished({ offset, events }: Published): void {
    const { ledger } = this.world;
    if (offset !== this.published)
      broken(5, "publication order", `${offset} was told after ${this.published}`);
    for (const [i, event] of events.entries())
      if (JSON.stringify(event) !== JSON.stringify(ledger.events[offset + i]))
        broken(2, "published before durable", `event ${offset + i} is ${JSON.stringify(event)}`);
  }

  #entropy(): Entropy {
    const random = this.world.random(`entropy ${this.number}`);
    const letters = "34679CDFGHJKMNPQRTVWXY";
    return {
      ticketCode: () => Array.from({ length: 12 }, () => letters[random.below(22)]).join("") as TicketCode,
      random: () => random.next(),
    };
  }

  async #createDefaultSale(): Promise<void> {
    const { plan } = this.world;
    await new Promise<void>((resolve) => {
      const command: Command = {
        type: "create",
        sale: DEFAULT_SALE as SaleId,
        title: "Venda",
        capacity: plan.stock,
        opensAt: null,
        closesAt: null,
      };
      this.clerk.submit({ command, reply: () => resolve() }, "organiser");
    });
  }
}
