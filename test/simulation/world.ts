/**
 * One history: everything that exists in it, turned step by step. After each step, once all promises have gone as far
 * as they can, the checks are held to what happened. The same plan makes the same history, to the byte.
 */
import { createHash } from "node:crypto";
import type { Command } from "../../src/box-office/command.ts";
import type { SaleId } from "../../src/box-office/sale.ts";
import { Buyer, DirectAsker } from "./buyer.ts";
import { type Content, Platter } from "./disk.ts";
import { Ledger } from "./ledger.ts";
import { PATIENCE_MS } from "./limits.ts";
import type { Link } from "./link.ts";
import type { BuyerAction, OrganiserAction, Plan, Step, WorldAction } from "./plan.ts";
import { describeStep } from "./plan.ts";
import { AS_IT_IS, type Composition } from "./composition.ts";
import { ServerProcess, type Visit } from "./process.ts";
import { Random } from "./random.ts";
import { Timeline, Wall } from "./timeline.ts";
import { broken, Violation } from "./violation.ts";
import { Witness } from "./witness.ts";

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | null;
  /** SHA-256 of the trace. */
  readonly hash: string;
  readonly trace: readonly string[];
  readonly steps: number;
  readonly lives: number;
  readonly events: number;
  readonly sent: number;
  readonly answers: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** A history that takes more steps than this has a loop. */
const MOST_STEPS = 60_000;

/** How long everything works at the end, so that everybody can be answered and told. */
const CALM_MS = 3_000;

export class World {
  readonly plan: Plan;
  readonly composition: Composition;
  readonly timeline = new Timeline();
  readonly wall = new Wall(this.timeline);
  readonly platter = new Platter();
  readonly ledger = new Ledger();
  readonly witness = new Witness(this);
  server: ServerProcess | null = null;
  /** The last one before that served. */
  former: ServerProcess | null = null;
  isOver = false;
  sent = 0;
  answers = 0;
  mostBacklog = 0;
  steps = 0;
  readonly #counts = new Map<string, number>();
  readonly #trace: string[] = [];
  readonly #buyers = new Map<string, Buyer>();
  readonly #random: Random;
  #violation: Violation | null = null;
  #lives = 0;
  #troubleUntil = 0;
  /** Turns back what a test of the disk turned, once the start has refused it. */
  #restore: (() => void) | null = null;
  #harm: "rot" | "amputate" | null = null;

  constructor(plan: Plan, composition: Composition = AS_IT_IS) {
    this.plan = plan;
    this.composition = composition;
    this.#random = this.random("world");
  }

  random(stream: string): Random {
    return new Random(this.plan.seed, stream);
  }

  async run(): Promise<Outcome> {
    const uninstall = this.composition.install();
    try {
      this.#boot(0);
      for (const buyer of this.plan.buyers) this.#buyers.set(buyer.name, new Buyer(buyer, this));
      for (const step of this.plan.steps) this.timeline.at(step.at, () => this.#do(step));
      await this.#turnUntil(this.plan.durationMs);
      this.#calm();
      await this.#turnUntil(this.plan.durationMs + CALM_MS);
      this.#lastCheck();
      await this.#turnUntil(this.timeline.now + 600);
      this.#finish();
    } finally {
      this.isOver = true;
      this.server?.end();
      uninstall();
    }
    return this.#outcome();
  }

  connect(visit: Visit): Link | null {
    return this.server?.connect(visit) ?? null;
  }

  trace(line: string): void {
    this.#trace.push(`${this.timeline.now.toFixed(3)} ${line}`);
  }

  count(what: string, by = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + by);
  }

  check(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (error instanceof Violation) this.report(error);
      else throw error;
    }
  }

  report(violation: Violation): void {
    if (this.#violation !== null) return;
    this.#violation = violation;
    this.trace(`VIOLATION of ${violation.guarantee}, ${violation.check}: ${violation.message}`);
  }

  /** Until when the disk can't be blamed for waiting. */
  troubleUntil(): number {
    const { fullUntil, shortUntil, slowUntil, hangUntil } = this.platter.faults;
    const until = Math.max(fullUntil, shortUntil, slowUntil, hangUntil, this.#troubleUntil);
    if (until !== Infinity) this.#troubleUntil = until;
    return until;
  }

  async #turnUntil(until: number): Promise<void> {
    let checkedAt = this.timeline.now;
    while (this.#violation === null && this.timeline.step(until)) {
      await promises();
      this.steps += 1;
      if (this.steps > MOST_STEPS)
        this.check(() => broken(6, "endless", `after ${MOST_STEPS} steps it is ${this.timeline.now}`));
      const { server } = this;
      if (server === null) continue;
      this.check(() => server.assertSound());
      if (this.timeline.now - checkedAt > 40) {
        checkedAt = this.timeline.now;
        this.check(() => server.assertTimely());
      }
      if (server.fault !== null && server.phase !== "over") this.#end();
    }
  }

  #do(step: Step): void {
    const { who, action } = step;
    this.trace(`do ${describeStep(step).trim()}`);
    if (who === "world") this.#act(action as WorldAction);
    else if (who === "organiser") this.#organise(action as OrganiserAction);
    else this.#buyers.get(who)?.do(action as BuyerAction);
  }

  #organise(action: OrganiserAction): void {
    const { server } = this;
    if (server?.phase !== "serving" || server.front === null) return;
    const command = commandOf(action, this.wall.now());
    server.listen(new DirectAsker(), () => {
      server.clerk.submit({ command, reply: () => undefined }, "organiser");
    });
    this.sent += 1;
  }

  #act(action: WorldAction): void {
    const { faults } = this.platter;
    const { now } = this.timeline;
    this.count(`fault ${action.do}`);
    switch (action.do) {
      case "kill":
      case "power_loss":
        if (action.withinWrite) this.platter.whenAppending = () => this.#crashSoon(action.do);
        else this.#crash(action.do);
        return;
      case "rot":
      case "amputate":
        this.#harm = action.do;
        this.#crash("power_loss");
        return;
      case "stop":
        void this.server?.stop().then(() => this.#boot(this.#random.span(10, 100)));
        return;
      case "worker_kill":
        this.server?.killWorker();
        return;
      case "eio":
        faults.failNextCalls += 1;
        return;
      case "eio_append":
        faults.failNextAppends += 1;
        return;
      case "full":
        faults.fullUntil = now + action.ms;
        return;
      case "short":
        faults.shortUntil = now + action.ms;
        return;
      case "slow":
        faults.slowUntil = now + action.ms;
        return;
      case "hang":
        // A shorter one doesn't free what a longer one holds.
        faults.hangUntil = Math.max(faults.hangUntil, now + action.ms);
        // Nobody waits for ever: somebody pulls the plug.
        if (action.ms === Infinity) this.timeline.after(700, () => this.#crash("power_loss"));
        return;
      case "wall":
        this.wall.set(action.ms);
    }
  }

  #crash(kind: "kill" | "power_loss"): void {
    const random = this.random(`${kind} ${this.#lives} ${this.steps}`);
    const wasOver = this.server?.phase === "over";
    this.server?.end();
    if (this.platter.faults.hangUntil === Infinity) this.platter.faults.hangUntil = this.timeline.now;
    if (kind === "kill") this.platter.afterKill(random);
    else this.platter.afterPowerLoss(random);
    if (!wasOver) this.#boot(this.#random.span(10, 120));
  }

  #crashSoon(kind: "kill" | "power_loss"): void {
    this.timeline.after(this.#random.span(0, 0.3), () => this.#crash(kind));
  }

  /** The process stops by itself, since it can't go on. */
  #end(): void {
    this.server?.end();
    this.platter.afterKill(this.#random);
    this.#boot(this.#random.span(10, 120));
  }

  #boot(inMs: number): void {
    this.timeline.after(inMs, () => {
      if (this.isOver || (this.server !== null && this.server.phase !== "over")) return;
      this.#lives += 1;
      const server = new ServerProcess(this, this.#lives);
      if (this.server?.hasServed === true) this.former = this.server;
      this.server = server;
      this.check(() => this.#harmDisk());
      server.start().then(
        () => this.#restoreDisk(),
        (error: unknown) => this.#refused(server, error),
      );
    });
  }

  /** The server won't start: that is right where something was done to its files, or the disk has failed it. */
  #refused(server: ServerProcess, error: unknown): void {
    if (server.phase === "over") return;
    server.end();
    this.platter.afterKill(this.#random);
    const { code, message } = error as { code?: string; message: string };
    this.trace(`refused ${code ?? message}`);
    this.count(`start refused ${code ?? "otherwise"}`);
    const isDisk =
      code?.startsWith("DISK_") === true && this.platter.injected.eio + this.platter.injected.enospc > 0;
    if (code === "JOURNAL_CORRUPT" ? this.#restore === null : !isDisk)
      this.check(() => broken(2, "refused to start", message));
    this.#restoreDisk();
    this.#boot(this.#random.span(20, 80));
  }

  #restoreDisk(): void {
    this.#restore?.();
    this.#restore = null;
  }

  /** Turns one bit, or takes one file away. */
  #harmDisk(): void {
    const harm = this.#harm;
    this.#harm = null;
    this.#restoreDisk();
    if (harm === null) return;
    const { platter } = this;
    const random = this.random(`harm ${this.#lives}`);
    const segments = [...platter.names.keys()].filter((path) => path.endsWith(".log")).sort();
    const snapshots = [...platter.names.keys()].filter((path) => path.endsWith(".snap")).sort();
    if (harm === "rot") {
      const path = random.chance(0.7) ? segments.at(-1) : random.pick([...segments, ...snapshots]);
      const content = path === undefined ? undefined : platter.names.get(path);
      if (content === undefined || content.durable.length === 0) return;
      this.#rot(path!, content, random);
      return;
    }
    const newest = snapshots.at(-1)?.slice(-21, -5);
    const may = segments.filter((path, i) => i < segments.length - 1 || path.includes(newest ?? "never"));
    if (may.length === 0) return;
    // The newest that may go is the one that only a snapshot can miss.
    const path = random.chance(0.6) ? may.at(-1)! : random.pick(may);
    const content = platter.names.get(path)!;
    platter.names.delete(path);
    platter.durableNames.delete(path);
    this.count("harm amputated");
    this.trace(`amputate ${path}`);
    this.#restore = () => {
      if (platter.names.has(path)) return;
      platter.names.set(path, content);
      platter.durableNames.set(path, content);
    };
  }

  /** Somewhere in what was written; half of the time in the last frame, which is what a start might take for torn. */
  #rot(path: string, content: Content, random: Random): void {
    let end = content.durable.length;
    while (end > 0 && content.durable[end - 1] === 0) end -= 1;
    if (end === 0) return;
    const frame = content.durable.lastIndexOf("BILe", end, "latin1");
    const from = random.chance(0.6) && frame > 0 ? frame : 0;
    const at = random.between(from, end - 1);
    const bit = random.below(8);
    this.count("harm rotted");
    this.trace(`rot ${path} at ${at} bit ${bit}`);
    const restore = this.platter.rot(content, at, bit);
    // A sealed copy has another content; then there is nothing to turn back under this name.
    this.#restore = restore;
  }

  #calm(): void {
    const { faults } = this.platter;
    if (faults.hangUntil === Infinity) this.#crash("power_loss");
    this.platter.whenAppending = null;
    Object.assign(faults, { failNextAppends: 0, failNextCalls: 0 });
    faults.fullUntil = Math.min(faults.fullUntil, this.timeline.now);
    faults.slowUntil = Math.min(faults.slowUntil, this.timeline.now);
    faults.hangUntil = Math.min(faults.hangUntil, this.timeline.now + 50);
    for (const buyer of this.#buyers.values()) buyer.calm();
  }

  /** At the end everybody knows how it is, and the disk holds it. */
  #lastCheck(): void {
    if (this.#violation !== null) return;
    this.check(() => {
      if (this.server?.phase !== "serving")
        broken(6, "alive", `at the end the server is ${this.server?.phase ?? "away"}`);
      for (const link of this.server.links)
        if (link.unreadSince === null && !link.isEnding) link.ear.assertInformed(PATIENCE_MS, PATIENCE_MS);
    });
    this.#crash("power_loss");
  }

  #finish(): void {
    if (this.#violation !== null) return;
    this.check(() => {
      if (this.server?.phase !== "serving")
        broken(6, "alive", "it doesn't come back after the last power loss");
    });
  }

  #outcome(): Outcome {
    for (const [kind, count] of Object.entries(this.platter.injected)) this.count(`disk ${kind}`, count);
    return {
      seed: this.plan.seed,
      violation: this.#violation,
      hash: createHash("sha256").update(this.#trace.join("\n")).digest("hex"),
      trace: this.#trace,
      steps: this.steps,
      lives: this.#lives,
      events: this.ledger.length,
      sent: this.sent,
      answers: this.answers,
      counts: this.#counts,
    };
  }
}

function commandOf(action: OrganiserAction, now: number): Command {
  const sale = action.sale as SaleId;
  switch (action.do) {
    case "create": {
      const { capacity, opensInMs, closesInMs } = action;
      const opensAt = opensInMs === null ? null : now + opensInMs;
      const closesAt = closesInMs === null ? null : now + closesInMs;
      return { type: "create", sale, title: "Outra venda", capacity, opensAt, closesAt };
    }
    case "restock":
      return { type: "restock", sale, quantity: action.quantity };
    case "audit":
      return { type: "audit", sale };
    default:
      return { type: action.do, sale };
  }
}

/** Lets every promise go as far as it can. */
function promises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
