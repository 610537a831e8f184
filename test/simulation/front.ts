/** The gateways of one process, around whatever counter it has: the queue itself, or the link to it. */
import { Hub } from "../../src/broadcast/hub.ts";
import type { Entropy, Published } from "../../src/engine/ports.ts";
import type { SaleView, TicketCode } from "../../src/box-office/sale.ts";
import { byAddress } from "../../src/gateway/buyer-names.ts";
import { ReplyFlusher } from "../../src/gateway/connection.ts";
import type { Desk } from "../../src/gateway/desk.ts";
import { Heartbeat } from "../../src/gateway/websocket/heartbeat.ts";
import { TrustedProxies } from "../../src/gateway/trusted-proxies.ts";
import { Ear } from "./ear.ts";
import { MOST_BACKLOG_BYTES, PATIENCE_MS, SMALL_LIMITS } from "./limits.ts";
import { Link } from "./link.ts";
import type { ServerProcess, Visit } from "./process.ts";
import { openTcp, openWebSocket } from "./sockets.ts";
import type { ProcessTime } from "./timeline.ts";
import { broken } from "./violation.ts";

/** Within so long a reader that is too slow is closed: one sweep over TCP connections notices, a later one acts. */
const LONGEST_SLOW_MS = SMALL_LIMITS.output.slowMs + 2_500;

/** Sessions of the workers before it, more than one ever has. */
const SESSIONS_PER_WORKER = 1_000_000;

export class Front {
  readonly hub: Hub;
  readonly links = new Set<Link>();
  /** The offset up to which the hub has been told, and when it was last told. */
  told: number;
  toldAt = 0;
  readonly #server: ServerProcess;
  readonly #time: ProcessTime;
  readonly #name: string;
  readonly #desk: Desk;
  readonly #heartbeat: Heartbeat;
  #ports = 0;
  readonly #ends: { session: { end(code: 1001): void } | null; tcp: { end(code: 1001): void } | null }[] = [];

  /** @param incarnation 0 in the process of the queue, or which worker this is. */
  constructor(
    server: ServerProcess,
    time: ProcessTime,
    incarnation: number,
    { views, told }: { readonly views: Iterable<SaleView>; readonly told: number },
  ) {
    const { world, clerk, epoch } = server;
    this.#server = server;
    this.#time = time;
    this.#name = incarnation === 0 ? `${server.number}` : `${server.number} worker ${incarnation}`;
    this.told = told;
    const parts = { clock: time, scheduler: time, loop: time, limits: SMALL_LIMITS.hub };
    this.hub = new Hub({ ...parts, probe: { delivered: () => undefined } }, views);
    this.#desk = world.composition.desk(
      {
        counter: clerk,
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
        rateLimit: world.plan.rateLimit,
        proxies: new TrustedProxies([]),
        nameBuyer: byAddress,
        epoch,
        journalId: "simulated",
        server: "simulated",
        unsafe: false,
        counts: {
          sessions: incarnation * SESSIONS_PER_WORKER,
          slowReaders: 0,
          faults: 0,
          refusedConnections: 0,
        },
        report: (message, cause) =>
          world.check(() =>
            broken(6, "session fault", `${message}: ${cause instanceof Error ? cause.stack : String(cause)}`),
          ),
      },
      server,
    );
    this.#heartbeat = new Heartbeat(this.#desk, (ms, task) => time.every(ms, task));
    const sweep = (): void => {
      for (const { tcp } of this.#ends)
        (tcp as { endIfSlow?(now: number): void } | null)?.endIfSlow?.(time.monotonic());
    };
    time.every(1_000, sweep);
  }

  /** @param told the offset up to which everything has been published with this. */
  publish(published: Published, told: number): void {
    this.told = Math.max(this.told, told);
    this.toldAt = this.#server.world.timeline.now;
    this.hub.publish(published);
  }

  connect(visit: Visit): Link {
    const server = this.#server;
    const { world } = server;
    const { ledger, timeline, plan } = world;
    const { transport, dialect, address, sale } = visit;
    const ear = new Ear({
      dialect,
      transport,
      sale,
      address,
      ledger,
      epoch: server.epoch,
      published: () => this.told,
      now: () => timeline.now,
      step: () => world.steps,
      rateLimited: plan.rateLimit > 0,
      resumedNotices: SMALL_LIMITS.hub.resumedNotices,
      keptNotices: SMALL_LIMITS.hub.notices,
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
    const listening = (task: () => void): void => server.listen(ear, task);
    const entrance = {
      desk: this.#desk,
      sale,
      address,
      port: (this.#ports += 1),
      scheduler: {
        soon: (task: () => void) => this.#time.soon(() => listening(task)),
        after: (ms: number, task: () => void) => this.#time.after(ms, () => listening(task)),
      },
      heartbeat: this.#heartbeat,
    };
    if (transport === "ws") this.#ends.push({ session: openWebSocket(link, entrance, dialect), tcp: null });
    else this.#ends.push({ session: null, tcp: openTcp(link, entrance) });
    const end = link.server!;
    link.server = {
      take: (bytes) => listening(() => end.take(bytes)),
      inputEnded: () => listening(() => end.inputEnded()),
      closed: () => {
        this.links.delete(link);
        this.#noteClose(link);
        end.closed();
      },
    };
    this.links.add(link);
    return link;
  }

  /** Tells everybody, as src/stopping.ts does. */
  sayGoodbye(): void {
    this.#heartbeat.stop();
    for (const { session, tcp } of this.#ends) (session ?? tcp)?.end(1001);
    this.hub.stop();
  }

  /** Its process is gone. */
  end(): void {
    this.#time.isOver = true;
    for (const link of this.links) {
      this.#noteClose(link);
      link.processEnds();
    }
    this.links.clear();
  }

  /** Held to after every step. */
  assertSound(): void {
    for (const link of this.links)
      if (link.backlog > MOST_BACKLOG_BYTES)
        broken(6, "backlog bound", `${link.parts.name} has ${link.backlog} bytes unread`);
  }

  /** Held to now and then. @param trouble until when the disk can't be blamed for waiting. */
  assertTimely(trouble: number): void {
    const { now } = this.#server.world.timeline;
    for (const link of this.links) {
      if (link.isEnding) continue;
      if (link.heavySince !== null && now - link.heavySince > LONGEST_SLOW_MS)
        broken(6, "slow reader stays", `${link.parts.name} leaves too much unread since ${link.heavySince}`);
      if (link.unreadSince !== null) continue;
      const first = link.ear.dues[0];
      const isLate = first !== undefined && now - Math.max(first.since, trouble) > 2 * PATIENCE_MS + 1_000;
      if (isLate && this.#server.world.plan.rateLimit === 0)
        broken(6, "answer in time", `${link.parts.name}: ${JSON.stringify(first)}`);
      link.ear.assertInformed(now - this.toldAt, PATIENCE_MS);
    }
  }

  #noteClose(link: Link): void {
    const { world } = this.#server;
    if (link.closeCode !== null) world.count(`close ${link.closeCode}`);
    if (link.ear.refusals > 0) world.count("refused for flooding", link.ear.refusals);
    if (link.ear.subscribedAmong > 0) world.count("subscribed among commands");
    if (link.ear.resumedWith > 0) world.count("resumed with missed notices");
    world.mostBacklog = Math.max(world.mostBacklog, link.mostBacklog);
  }

  #entropy(): Entropy {
    const random = this.#server.world.random(`entropy ${this.#name}`);
    const letters = "34679CDFGHJKMNPQRTVWXY";
    return {
      ticketCode: () => Array.from({ length: 12 }, () => letters[random.below(22)]).join("") as TicketCode,
      random: () => random.next(),
    };
  }
}
