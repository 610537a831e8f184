/** One life of the server: the real parts over the simulated ports, from the opening of the journal to its end. */
import { createBoxOffice, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId, SaleView } from "../../src/box-office/sale.ts";
import type { Hub } from "../../src/broadcast/hub.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineFault } from "../../src/engine/fault.ts";
import type { Counter, Journal, Published } from "../../src/engine/ports.ts";
import type { Disk } from "../../src/journal/disk.ts";
import { foldsInPlace } from "../../src/journal/fold-runner.ts";
import { openFileJournal } from "../../src/journal/opening.ts";
import { Clerk } from "./clerk.ts";
import { DiskOfProcess } from "./disk.ts";
import { Front } from "./front.ts";
import { PATIENCE_MS, SMALL_LIMITS } from "./limits.ts";
import type { Link, LinkClient } from "./link.ts";
import { isView } from "./meaning.ts";
import type { Asker } from "./taken.ts";
import { ProcessTime } from "./timeline.ts";
import { broken } from "./violation.ts";
import type { Witness } from "./witness.ts";
import { Workers } from "./workers.ts";
import type { World } from "./world.ts";

const NO_LINKS: ReadonlySet<Link> = new Set();

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
  phase: Phase = "opening";
  hasServed = false;
  epoch = 0;
  engine!: Engine;
  clerk!: Clerk;
  state!: BoxOffice;
  journal!: Journal;
  /** The offset up to which the queue has told what is durable. */
  published = 0;
  #publishedAt = Number.NEGATIVE_INFINITY;
  noRoomAt = Number.NEGATIVE_INFINITY;
  fault: EngineFault | null = null;
  #listening: Asker | null = null;
  /** The gateways in its own process; null with workers. */
  #own: Front | null = null;
  #workers: Workers | null = null;

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

  /** Where clients come in; null while there is nobody to receive them. */
  get front(): Front | null {
    return this.#workers === null ? this.#own : this.#workers.front;
  }

  get hub(): Hub {
    return this.front!.hub;
  }

  get links(): ReadonlySet<Link> {
    return this.front?.links ?? NO_LINKS;
  }

  get isOver(): boolean {
    return this.phase === "over";
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
    await this.#workers?.start();
    if (this.isOver) return;
    this.phase = "serving";
    this.hasServed = true;
    if (this.clerk.view(DEFAULT_SALE as SaleId) === undefined) await this.#createDefaultSale();
  }

  connect(visit: Visit): Link | null {
    const { front } = this;
    if (this.phase !== "serving" || front === null) return null;
    return this.clerk.view(visit.sale as SaleId) === undefined ? null : front.connect(visit);
  }

  /** Runs a task in which whatever is asked of the queue is asked by `asker`. */
  listen(asker: Asker, task: () => void): void {
    this.#listening = asker;
    task();
    this.#listening = null;
  }

  /** Ends it in good order, as src/stopping.ts and src/many-processes.ts do. */
  async stop(): Promise<void> {
    if (this.phase !== "serving") return;
    this.phase = "stopping";
    await this.#workers?.close();
    await this.engine.stop();
    await new Promise<void>((resolve) => this.time.soon(resolve));
    if (this.#workers === null) this.front?.sayGoodbye();
    else await this.#workers.goodbye();
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
    this.#workers?.end();
    this.#own?.end();
  }

  /** One of its gateway processes is gone, if it has any. */
  killWorker(): void {
    if (this.phase === "serving") this.#workers?.killWorker();
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
    this.assertViews(this.engine.views(), this.published);
    for (const sale of this.state.sales.values()) {
      const { available, held, sold, capacity, tickets } = sale;
      if (available < 0 || available + held + sold !== capacity || tickets !== sold)
        broken(1, "state", `the state of ${sale.id} is ${JSON.stringify(sale)}`);
    }
    if (this.engine.waiting > SMALL_LIMITS.engine.mailbox)
      broken(6, "mailbox bound", `${this.engine.waiting} commands wait`);
    if (this.#workers === null) this.#own?.assertSound();
    else this.#workers.assertSound();
  }

  /** @param told the offset up to which whoever has these views has been told. */
  assertViews(views: Iterable<SaleView>, told: number): void {
    const books = this.world.ledger.states[told]!;
    for (const view of views) {
      const expected = books[view.sale];
      if (expected === undefined || !isView(view, expected, this.epoch))
        broken(2, "view", `${JSON.stringify(view)} instead of ${JSON.stringify(expected)}`);
    }
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
    this.front?.assertTimely(trouble);
    const told = this.front?.told ?? this.published;
    if (told < this.published && now - Math.max(this.#publishedAt, trouble) > PATIENCE_MS)
      broken(5, "gateways informed", `they were told up to ${told}, the queue's word was ${this.published}`);
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

  #watched(journal: Journal): Journal {
    const { world } = this;
    return {
      epoch: journal.epoch,
      maxAppendBytes: journal.maxAppendBytes,
      prepare: (events) => journal.prepare?.(events),
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
    const { composition } = world;
    this.journal = journal;
    this.published = this.state.offset;
    const publish = composition.publish((published) => {
      world.check(() => this.#assertPublished(published));
      this.published = published.offset + published.events.length;
      this.#publishedAt = world.timeline.now;
      if (this.#workers === null) this.#own?.publish(published, this.published);
      else this.#workers.publish(published);
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
    const queue = composition.counter(this.engine, this);
    if (world.plan.workers) this.#workers = new Workers(this, queue);
    this.clerk = new Clerk(this.#workers === null ? queue : this.#behindLink(queue), {
      ledger: world.ledger,
      timeline: world.timeline,
      wall: world.wall,
      epoch: this.epoch,
      noRoomAt: () => Math.max(this.noRoomAt, this.#workers?.fullAt ?? Number.NEGATIVE_INFINITY),
      isBehindLink: this.#workers !== null,
      asker: () => this.#listening,
      report: (violation) => world.report(violation),
      trace: (line) => world.trace(line),
    });
    if (this.#workers === null)
      this.#own = new Front(this, time, 0, { views: this.engine.views(), told: this.published });
  }

  /** The queue as whichever worker there is sees it; before the first, and between two, nobody asks. */
  #behindLink(queue: Counter): Counter {
    const remote = (): Counter => this.#workers?.counter ?? queue;
    return {
      submit: (envelope, priority) => this.#workers?.counter?.submit(envelope, priority) ?? false,
      isFull: () => remote().isFull(),
      view: (sale) => remote().view(sale),
      views: () => remote().views(),
    };
  }

  #assertPublished({ offset, events }: Published): void {
    const { ledger } = this.world;
    if (offset !== this.published)
      broken(5, "publication order", `${offset} was told after ${this.published}`);
    for (const [i, event] of events.entries())
      if (JSON.stringify(event) !== JSON.stringify(ledger.events[offset + i]))
        broken(2, "published before durable", `event ${offset + i} is ${JSON.stringify(event)}`);
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
