/**
 * The gateway processes of one engine: starts them, replaces the ones that die, sends each its answers and all of them
 * what was published, and sums what they count.
 *
 * A worker may be killed at any instant. Its clients lose their connections and go to the others; what they were not
 * answered they ask again with their keys. Nothing that was sold is lost with it, since a worker keeps nothing.
 */
import type { Counter, Published, Scheduler } from "../engine/ports.ts";
import type { Limits } from "../limits.ts";
import { CrewFault } from "./crew-fault.ts";
import { Member, NOTHING_COUNTED, type MemberHooks } from "./member.ts";
import type { Counts, NamedCount, Ports, Question, Report, Welcome } from "./notes.ts";
import { RecentEvents } from "./recent-events.ts";
import type { Recruit } from "./recruit.ts";
import { SharedCounts } from "./shared-counts.ts";
import { encodePublication, publicationOf } from "./turn-codec.ts";

export interface CrewParts {
  /** How many workers there should be, 1 or more. */
  readonly size: number;
  readonly counter: Counter;
  readonly limits: Limits["workers"];
  /** What of each sale a worker is told that takes another's place. */
  readonly recentEvents: number;
  readonly ports: Ports;
  readonly recruit: () => Recruit;
  /** What a new worker needs to know that the crew doesn't. */
  readonly welcome: () => Omit<Welcome, "ports" | "incarnation" | "elsewhere" | "views" | "recent">;
  readonly answer: (question: Question) => Promise<unknown>;
  readonly lines: (lines: Buffer) => void;
  /** Something that a worker said which only helps whoever looks for a cause. */
  readonly remark: (message: string) => void;
  readonly warn: (message: string, figures: Readonly<Record<string, number>>) => void;
  readonly report: (message: string, detail: unknown) => void;
  /** Told when a worker that took another's place serves. */
  readonly replaced: () => void;
  /** Called once, when workers die faster than they may be replaced. */
  readonly fail: (fault: CrewFault) => void;
  /** Milliseconds from any start. */
  readonly monotonic: () => number;
  readonly after: Scheduler["after"];
}

export class Crew {
  readonly #parts: CrewParts;
  readonly #members = new Set<Member>();
  readonly #addresses = new SharedCounts<Member>();
  readonly #audiences = new SharedCounts<Member>();
  readonly #recent: RecentEvents;
  #phase: "starting" | "serving" | "stopping" = "starting";
  #incarnations = 0;
  /** What the workers that are gone had counted. */
  #former: Report = NOTHING_COUNTED;
  #batches: Published[] = [];
  #isGathering = false;
  /** When workers died lately. */
  #deaths: number[] = [];
  #lost = 0;
  #ticks: NodeJS.Timeout | null = null;

  constructor(parts: CrewParts) {
    this.#parts = parts;
    this.#recent = new RecentEvents({ perSale: parts.recentEvents, total: parts.limits.recentEvents });
  }

  /** Workers that are there. */
  get size(): number {
    return this.#members.size;
  }

  /** Workers that died, or had to be killed, and were replaced. */
  get lost(): number {
    return this.#lost;
  }

  /** Resolves when all of them listen. @throws what the system said to the first one that can't; none is left then. */
  async start(): Promise<void> {
    const { size, limits } = this.#parts;
    for (let i = 0; i < size; i++) this.#add();
    try {
      await Promise.all([...this.#members].map((member) => member.listening));
    } catch (cause) {
      this.#phase = "stopping";
      await this.#killAll("another worker couldn't start");
      throw cause;
    }
    this.#phase = "serving";
    // One may have died since it listened.
    for (let missing = size - this.#members.size; missing > 0; missing--) {
      this.#lost += 1;
      this.#addAnother("it died while others were starting");
    }
    this.#ticks = setInterval(() => {
      for (const member of this.#members) member.tick();
    }, limits.reportMs);
    this.#ticks.unref();
  }

  /** What the engine made durable; sent to all at the end of this turn, behind the answers that belong to it. */
  publish(published: Published): void {
    this.#batches.push(published);
    this.#gather();
  }

  /** The figures of all workers as they are now, those of former ones included. */
  async tally(): Promise<Report> {
    const { tallyMs } = this.#parts.limits;
    await Promise.all([...this.#members].map((member) => member.count(tallyMs)));
    let sum = this.#former;
    for (const { figures } of this.#members) sum = addFigures(sum, figures);
    return sum;
  }

  /** No more connections and no more commands; resolves when those that were taken are in the queue. */
  async close(): Promise<void> {
    this.#phase = "stopping";
    if (this.#ticks !== null) clearInterval(this.#ticks);
    for (const member of this.#members) member.tell({ type: "close" });
    await Promise.all([...this.#members].map((member) => member.closed));
  }

  /** Each says goodbye to its clients and ends; resolves when all have. */
  async goodbye(): Promise<void> {
    for (const member of this.#members) member.tell({ type: "goodbye" });
    await Promise.all([...this.#members].map((member) => member.left));
  }

  /** Ends whoever is left. */
  async cut(): Promise<void> {
    this.#phase = "stopping";
    await this.#killAll("the stop took too long");
  }

  async #killAll(why: string): Promise<void> {
    const members = [...this.#members];
    for (const member of members) member.kill(why);
    await Promise.all(members.map((member) => member.left));
  }

  #add(): Member {
    const { recruit, counter, welcome, ports } = this.#parts;
    this.#incarnations += 1;
    const member = new Member(this.#incarnations, recruit(), this.#hooks());
    const elsewhere = {
      addresses: [...this.#addresses.all(member)],
      audiences: [...this.#audiences.all(member)],
    };
    const { incarnation } = member;
    const views = [...counter.views()];
    member.welcome({ ...welcome(), ports, incarnation, elsewhere, views, recent: this.#recent.all() });
    this.#members.add(member);
    return member;
  }

  #hooks(): MemberHooks {
    return {
      ...this.#parts,
      gathered: () => this.#gather(),
      counted: (member, counts) => this.#count(member, counts),
      gone: (member, why) => this.#replace(member, why),
    };
  }

  /** The engine answers and publishes within one turn of the loop; at its end all of that is sent. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    queueMicrotask(() => this.#send());
  }

  #send(): void {
    this.#isGathering = false;
    const news = publicationOf(this.#batches);
    const publication = encodePublication(news);
    this.#batches = [];
    // Not before it is sent: a worker that is made meanwhile is sent it as well.
    this.#recent.add(news?.events ?? []);
    const members = [...this.#members];
    // Whoever is answered may ask another worker next, which should know by then.
    for (const member of members) if (!member.hasAnswers) member.sendTurn(publication);
    for (const member of members) if (member.hasAnswers) member.sendTurn(publication);
  }

  #count(member: Member, { addresses, audiences }: Counts): void {
    for (const [name, count] of addresses) this.#addresses.set(member, name, count);
    for (const [name, count] of audiences) this.#audiences.set(member, name, count);
    this.#tellOthers(member, addresses.map(nameOf), audiences.map(nameOf));
  }

  #tellOthers(member: Member, addresses: readonly string[], audiences: readonly string[]): void {
    if (addresses.length + audiences.length === 0) return;
    for (const other of this.#members) {
      if (other === member) continue;
      const counts = {
        addresses: addresses.map((name): NamedCount => [name, this.#addresses.elsewhere(other, name)]),
        audiences: audiences.map((name): NamedCount => [name, this.#audiences.elsewhere(other, name)]),
      };
      other.tell({ type: "elsewhere", counts });
    }
  }

  #replace(member: Member, why: string): void {
    this.#members.delete(member);
    this.#former = addFigures(this.#former, onlyTotals(member.figures));
    this.#tellOthers(member, this.#addresses.drop(member), this.#audiences.drop(member));
    if (this.#phase !== "serving") return;
    const { limits, monotonic, fail } = this.#parts;
    this.#lost += 1;
    const now = monotonic();
    this.#deaths = [...this.#deaths.filter((at) => now - at < limits.restartWindowMs), now];
    if (this.#deaths.length > limits.restarts) {
      this.#phase = "stopping";
      fail(new CrewFault(this.#deaths.length, limits.restartWindowMs, why));
      return;
    }
    const wait = this.#waitBefore(this.#deaths.length);
    if (wait === 0) this.#addAnother(why);
    else this.#parts.after(wait, () => this.#phase === "serving" && this.#addAnother(why));
  }

  /** The first is replaced at once. What kills many in a row, like a system without memory, may be over in a while. */
  #waitBefore(deaths: number): number {
    const { restartMs, longestRestartMs } = this.#parts.limits;
    return deaths <= 1 ? 0 : Math.min(longestRestartMs, restartMs * 2 ** (deaths - 2));
  }

  #addAnother(why: string): void {
    const { warn, replaced } = this.#parts;
    warn(`a worker ended and is replaced: ${why}`, { lost: this.#lost });
    // One that can't listen ends, and is replaced itself.
    this.#add().listening.then(replaced, () => {});
  }
}

function nameOf([name]: NamedCount): string {
  return name;
}

function addFigures(a: Report, b: Report): Report {
  const names = Object.keys(a) as (keyof Report)[];
  const sums = names.map((name) => [name, a[name] + b[name]]);
  return { ...(Object.fromEntries(sums) as Report), loopDelay: Math.max(a.loopDelay, b.loopDelay) };
}

/** Nothing of it is open any more, and what it counted stays counted. */
function onlyTotals(figures: Report): Report {
  return { ...figures, subscribers: 0, webSockets: 0, tcp: 0, sockets: 0, loopDelay: 0 };
}
