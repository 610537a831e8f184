/**
 * Starts as many processes as the crowd needs, leads them through the stages together, and adds up what they tell. A
 * process that dies is a fault of the run: what its people knew is lost.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { now } from "./clock.ts";
import { STAGES, type CrowdLimits, type Order, type Report, type Stage } from "./orders.ts";
import type { CrowdPlan } from "./plan.ts";
import { Remainings } from "./remainings.ts";
import { sumUp, Tally, type News, type Sums } from "./tally.ts";
import type { Place } from "./wire.ts";

export interface CrowdOptions {
  readonly plan: CrowdPlan;
  readonly places: Readonly<Record<"ws" | "tcp", Place | null>>;
  /** For sale before the first purchase. */
  readonly available: number;
  readonly noticeWithinMs: number;
  readonly limits: CrowdLimits;
  /** Ends the run early, with what was counted until then. */
  readonly signal: AbortSignal;
  /** Called a few times a second. */
  readonly watch: (progress: Progress) => void;
}

export interface Progress {
  readonly stage: Stage;
  readonly sums: Sums;
  /** Since the doors opened; before that since the start. */
  readonly elapsedMs: number;
}

export interface Outcome {
  readonly sums: Sums;
  readonly remainings: Remainings;
  readonly processes: number;
  /** Processes that died. */
  readonly died: number;
  readonly interrupted: boolean;
  readonly elapsedMs: number;
}

/** How long a process may take to count its connections and say goodbye. */
const END_MS = 10_000;

const PROGRAM = fileURLToPath(new URL("./squad-process.js", import.meta.url));

export async function runCrowd(options: CrowdOptions): Promise<Outcome> {
  const conductor = new Conductor(options);
  const timer = setInterval(() => options.watch(conductor.progress), options.limits.newsMs);
  try {
    await conductor.lead();
    options.watch(conductor.progress);
    return conductor.outcome;
  } finally {
    clearInterval(timer);
    conductor.dismiss();
  }
}

interface Member {
  readonly child: ChildProcess;
  stage: Stage;
  news: News;
  died: boolean;
}

class Conductor {
  readonly #options: CrowdOptions;
  readonly #members: Member[];
  readonly #remainings: Remainings;
  #startedAt = now();
  /** Looks whether what is waited for has come. */
  #look: () => void = () => {};

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#remainings = new Remainings(options.available);
    const { users } = options.plan;
    const processes = Math.ceil(users / options.limits.usersPerProcess);
    this.#members = Array.from({ length: processes }, (_, i) => {
      const first = Math.floor((users * i) / processes);
      const count = Math.floor((users * (i + 1)) / processes) - first;
      return this.#hire(first, count);
    });
  }

  get progress(): Progress {
    const stages = this.#members.map(({ stage }) => STAGES.indexOf(stage));
    return {
      stage: STAGES[Math.min(...stages)] ?? "arriving",
      sums: this.#sums,
      elapsedMs: now() - this.#startedAt,
    };
  }

  get outcome(): Outcome {
    return {
      sums: this.#sums,
      remainings: this.#remainings,
      processes: this.#members.length,
      died: this.#members.filter(({ died }) => died).length,
      interrupted: this.#options.signal.aborted,
      elapsedMs: now() - this.#startedAt,
    };
  }

  async lead(): Promise<void> {
    const { signal, limits, noticeWithinMs } = this.#options;
    await this.#until("arrived");
    this.#startedAt = now();
    this.#tell({ type: "open" });
    await this.#until("visited");
    await this.#untilNotices();
    await this.#pause(limits.settleMs);
    if (!signal.aborted && this.#soldOutAt !== null) {
      this.#tell({ type: "newcomers" });
      await this.#until("checked");
    }
    this.#tell({ type: "end", soldOutAt: this.#soldOutAt, noticeWithinMs });
    await this.#wait(() => this.#haveReached("ended"), END_MS);
    for (const member of this.#members) member.died ||= member.stage !== "ended";
  }

  /** Whoever is still there after the end has nothing more to say. */
  dismiss(): void {
    for (const { child } of this.#members) {
      if (child.connected) child.disconnect();
      child.unref();
    }
  }

  #hire(first: number, count: number): Member {
    const { plan, places, limits } = this.#options;
    const child = fork(PROGRAM, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const member: Member = { child, stage: "arriving", news: new Tally(0).news(), died: false };
    child.on("message", ({ stage, news }: Report) => {
      member.stage = stage;
      member.news = news;
      for (const left of news.remainings) this.#remainings.add(left);
      this.#look();
    });
    const die = (): void => {
      if (member.stage === "ended") return;
      member.died = true;
      member.stage = "ended";
      this.#look();
    };
    child.on("error", die);
    child.on("exit", die);
    child.send({ type: "begin", squad: { plan, places, first, count, limits } } satisfies Order);
    return member;
  }

  #tell(order: Order): void {
    for (const { child } of this.#members) if (child.connected) child.send(order, () => {});
  }

  get #sums(): Sums {
    return sumUp(
      this.#members.map(({ news }) => news),
      this.#options.limits.complaints,
    );
  }

  /** When the COMPRAR of the last ticket was sent, or else when anybody first knew that it was gone. */
  get #soldOutAt(): number | null {
    const { lastSaleSentAt, firstZeroAt } = this.#sums;
    return lastSaleSentAt ?? firstZeroAt;
  }

  #haveReached(stage: Stage): boolean {
    return this.#members.every((member) => STAGES.indexOf(member.stage) >= STAGES.indexOf(stage));
  }

  #until(stage: Stage): Promise<void> {
    const { signal } = this.#options;
    return this.#wait(() => signal.aborted || this.#haveReached(stage), null);
  }

  /** Until everybody has heard it, or it is too late for that. */
  #untilNotices(): Promise<void> {
    const { signal, noticeWithinMs } = this.#options;
    const soldOutAt = this.#soldOutAt;
    if (soldOutAt === null) return Promise.resolve();
    return this.#wait(
      () => {
        const { owed, heardOnce } = this.#sums.counts;
        return signal.aborted || heardOnce >= owed;
      },
      Math.max(0, soldOutAt + noticeWithinMs - now()),
    );
  }

  #pause(ms: number): Promise<void> {
    return this.#wait(() => this.#options.signal.aborted, ms);
  }

  /** Resolves when the condition holds, or the time is over. */
  #wait(isTrue: () => boolean, withinMs: number | null): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const timer = withinMs === null ? undefined : setTimeout(() => done(), withinMs);
      const look = (): void => {
        if (isTrue()) done();
      };
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", look);
        this.#look = () => {};
        resolve();
      };
      signal.addEventListener("abort", look);
      this.#look = look;
      look();
    });
  }
}
