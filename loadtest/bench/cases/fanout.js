/**
 * One number to everybody: what it costs the server and when the last one knows it, for audiences that grow; ten
 * notices in one turn; and the AVISO.
 */
import { setTimeout as wait } from "node:timers/promises";
import { bar } from "../bars.js";
import { ours, oursWithWorkers, peer } from "../contestants.js";
import { median, ratioOf } from "../spread.js";
import { rounds, withAudience } from "./context.js";

/**
 * @typedef {{ watchers: number, cpuMicros: number, lastMs: number }} Step a delivery's processor time, the last one's delay
 * @typedef {{ steps: Step[], noticeMicros: number, avisoMs: number }} Figures
 * @typedef {Figures & { contestant: string, round: number }} Trial
 * @typedef {import("../audience-driver.js").Audience} Audience
 * @typedef {import("../contestants.js").Running} Running
 */

/** Rest between two updates. */
const REST_MS = 60;
const REST_MS_PER_WATCHER = 0.01;

/**
 * Ours gives its rounds no more than a share of the time, a small one where the loop is busy: its rhythm waits as much longer as a
 * round took, up to two seconds. What is asked here is what one update costs, not what a second one right behind it does.
 */
const OUR_REST_PER_ROUND = 8;
const OUR_LONGEST_REST_MS = 2_050;

/** What the server still has to do when the last watcher has heard. */
const SETTLE_MS = 20;

/** Tickets that one purchase may take. */
const MOST = 10;

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** @param {import("./context.js").Context} context @returns {Promise<Trial[]>} */
export function run(context) {
  const contestants = [ours, peer("ws"), peer("bun"), peer("socket.io")];
  if (context.workers) contestants.push(oursWithWorkers);
  return rounds(context, contestants, (contestant) => {
    const plan = context.profile.fanout;
    // Exactly one ticket is left when the AVISO's turn comes.
    const climb = plan.steps.filter((step) => step <= plan.aviso);
    const before = climb.reduce((sum, step) => sum + updatesAt(step, plan), plan.few);
    return withAudience(context, contestant, before + 1, (server, audience) =>
      new Climb(server, audience, plan).run(before + 1),
    );
  });
}

/** One server, with an audience that grows step by step. */
class Climb {
  #server;
  #audience;
  #plan;
  #available = 0;
  #watchers = 0;
  /** How long the last round took. */
  #lastMs = 0;

  /** @param {Running} server @param {Audience} audience @param {import("../profiles.js").Profile["fanout"]} plan */
  constructor(server, audience, plan) {
    this.#server = server;
    this.#audience = audience;
    this.#plan = plan;
  }

  /** @param {number} stock @returns {Promise<Figures>} */
  async run(stock) {
    this.#available = stock;
    const { steps, notices, aviso } = this.#plan;
    const figures = { steps: /** @type {Step[]} */ ([]), noticeMicros: Number.NaN, avisoMs: Number.NaN };
    for (const step of steps) {
      await this.#audience.open(step - this.#watchers);
      this.#watchers = step;
      await this.#rest();
      // The first updates let the server's compiler see what it will do.
      if (step === steps[0]) await this.#sellDownTo(this.#available - this.#plan.few);
      figures.steps.push(await this.#updates());
      if (step === aviso) figures.avisoMs = await this.#sellOut();
      if (step === notices) figures.noticeMicros = await this.#tenNotices();
    }
    return figures;
  }

  /** @returns {Promise<Step>} */
  async #updates() {
    const updates = updatesAt(this.#watchers, this.#plan);
    const lasts = [];
    let seconds = 0;
    await this.#audience.updates();
    for (let i = 0; i < updates; i++) {
      this.#available -= 1;
      const before = this.#server.processorSeconds();
      lasts.push(await this.#buy(this.#goal(0, 0)));
      await wait(SETTLE_MS);
      seconds += this.#server.processorSeconds() - before;
      await this.#rest();
    }
    const { least, most } = await this.#audience.updates();
    if (least !== updates || most !== updates) {
      throw new Error(`${updates} updates went out, and watchers heard from ${least} to ${most}`);
    }
    const watchers = this.#watchers;
    return { watchers, cpuMicros: (seconds * 1e6) / (updates * watchers), lastMs: median(lasts) };
  }

  async #tenNotices() {
    const { repeats } = this.#plan;
    const tickets = TEN.reduce((sum, quantity) => sum + quantity, 0);
    let seconds = 0;
    for (let i = 0; i < repeats; i++) {
      this.#available += tickets;
      await this.#audience.expect(this.#goal(TEN.length, 0));
      const before = this.#server.processorSeconds();
      await this.#server.restock(TEN);
      await this.#audience.heard();
      await wait(SETTLE_MS);
      seconds += this.#server.processorSeconds() - before;
      await this.#rest();
    }
    // The tickets of the notices are sold again, or the last one would not be the last.
    await this.#sellDownTo(this.#available - repeats * tickets);
    return (seconds * 1e6) / (repeats * TEN.length * this.#watchers);
  }

  async #sellOut() {
    const lasts = [];
    for (let i = 0; i < this.#plan.repeats; i++) {
      if (i > 0) await this.#restock(1);
      this.#available = 0;
      lasts.push(await this.#buy(this.#goal(0, 1)));
      await this.#rest();
    }
    await this.#restock(this.#plan.few + this.#plan.many);
    return median(lasts);
  }

  /** @param {number} quantity */
  async #restock(quantity) {
    this.#available += quantity;
    await this.#audience.expect(this.#goal(1, 0));
    await this.#server.restock([quantity]);
    await this.#audience.heard();
    await this.#rest();
  }

  /** @param {import("../audience-driver.js").Goal} goal */
  async #buy(goal) {
    this.#lastMs = (await this.#audience.buy(goal)).lastMs;
    return this.#lastMs;
  }

  /** @param {number} available */
  async #sellDownTo(available) {
    const left = this.#available - available;
    this.#available = available;
    const quantities = [...Array(Math.floor(left / MOST)).fill(MOST), ...Array(left % MOST).fill(1)];
    await this.#audience.buy(this.#goal(0, 0), quantities);
    await this.#rest();
  }

  /** @param {number} notices @param {number} soldOut */
  #goal(notices, soldOut) {
    return { value: this.#available, notices, soldOut };
  }

  #rest() {
    const rest = REST_MS + REST_MS_PER_WATCHER * this.#watchers;
    const ours = Math.min(OUR_LONGEST_REST_MS, rest + OUR_REST_PER_ROUND * this.#lastMs);
    return wait(this.#server.ours ? ours : rest);
  }
}

/** Small audiences are visited more often, since each visit says less. @param {number} watchers @param {import("../profiles.js").Profile["fanout"]} plan */
function updatesAt(watchers, { few, many }) {
  return watchers <= 1_000 ? few : many;
}

/** @param {import("./context.js").Context} context @param {readonly Trial[]} trials */
export function judge({ profile, workers }, trials) {
  const { steps, notices, aviso } = profile.fanout;
  const sizes = steps.filter((step) => step === notices || step === aviso);
  /** @param {number} size @param {string} other */
  const cpu = (size, other) => ratioOf(trials, "ours", other, (trial) => cpuAt(trial, size));
  const perDelivery = [...new Set(sizes)].flatMap((size) =>
    /** @type {const} */ ([
      ["ws", 0.8],
      ["bun", 1.4],
      ["socket.io", 0.5],
    ]).map(([other, limit]) =>
      bar({
        case: "fanout",
        what: `processor time per delivery, ${size} watchers: ours / ${other}`,
        sign: "<=",
        limit,
        value: cpu(size, other),
      }),
    ),
  );
  /** @param {string} who @param {string} other @param {number} limit */
  const hearing = (who, other, limit) =>
    bar({
      case: "aviso",
      what: `last purchase to the last of ${aviso} hearing the AVISO: ${who} / ${other}`,
      sign: "<=",
      limit,
      value: ratioOf(trials, who, other, ({ avisoMs }) => avisoMs),
      note: who === oursWithWorkers.name && !workers ? "this build of ours has no --workers" : "",
    });
  return [
    ...perDelivery,
    bar({
      case: "notices",
      what: `ten notices to ${notices} within one turn, processor time: ours / ws`,
      sign: "<=",
      limit: 0.25,
      value: ratioOf(trials, "ours", "ws", ({ noticeMicros }) => noticeMicros),
    }),
    hearing("ours", "bun", 1.3),
    hearing("ours", "ws", 0.8),
    hearing(oursWithWorkers.name, "bun", 1.1),
  ];
}

/** @param {Trial} trial @param {number} size */
export function cpuAt({ steps }, size) {
  return steps.find(({ watchers }) => watchers === size)?.cpuMicros ?? null;
}

/** @param {Trial} trial @param {number} size */
export function lastAt({ steps }, size) {
  return steps.find(({ watchers }) => watchers === size)?.lastMs ?? null;
}
