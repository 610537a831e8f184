/** One user: arrives, asks, thinks, buys, listens, and begins again, until all rounds are played. */
import { Connection } from "./connection.ts";
import type { Line } from "./line.ts";
import { play } from "./mischief.ts";
import type { CrowdPlan, PersonPlan } from "./plan.ts";
import { between } from "./random.ts";
import type { Phase, Tally } from "./tally.ts";
import type { Turnstile } from "./turnstile.ts";
import type { Place } from "./wire.ts";

/** What people share. */
export interface Street {
  readonly plan: CrowdPlan;
  readonly places: Readonly<Record<"ws" | "tcp", Place | null>>;
  readonly tally: Tally;
  readonly turnstile: Turnstile;
  /** Resolves when everybody has arrived: nobody buys before. */
  readonly doors: Promise<void>;
  readonly replyMs: number;
}

/** How often one round is repeated where the server says that it is busy. */
const BUSY_TRIES = 20;

/** The share of an unruly person's rounds in which it is. */
const MISCHIEF_SHARE = 0.5;

/** Answers are left unread for as long as a listening, but not for longer than this. */
const SLOW_MS = 5_000;

export class Person {
  connection: Connection | null = null;
  readonly #plan: PersonPlan;
  readonly #street: Street;
  #phase: Phase | null = null;

  constructor(plan: PersonPlan, street: Street) {
    this.#plan = plan;
    this.#street = street;
    this.#enter("arriving");
  }

  /** Resolves when it waits at the doors, or couldn't get there. */
  async arrive(): Promise<void> {
    const connection = await this.#connect();
    // Over TCP only an answer proves that the server has seen the connection.
    if (connection !== null) connection.isOwed = true;
    this.#enter(connection === null ? "lost" : "waiting");
  }

  /** Resolves at the end of the last round; the person stays connected. */
  async visit(): Promise<void> {
    await this.#street.doors;
    for (let round = 0; round < this.#plan.rounds; round++) {
      if (!(await this.#begin(round)) || !(await this.#playRound())) {
        this.#enter("lost");
        return;
      }
      this.#street.tally.counts.rounds += 1;
    }
    this.#enter("finished");
  }

  /** Asks how many are left. What the person cut is made anew, which begins with asking, as its arrival did. */
  async #begin(round: number): Promise<boolean> {
    if (this.connection === null) return (await this.#connect()) !== null;
    if (round > 0) await this.#consult();
    return this.connection.isAlive;
  }

  async #connect(): Promise<Connection | null> {
    const { tally, replyMs, turnstile, places } = this.#street;
    const { transport } = this.#plan;
    const place = places[transport];
    if (place === null) throw new Error(`nowhere to go over ${transport}`);
    this.#enter("arriving");
    return turnstile.pass(async () => {
      const connection = new Connection({ transport, place, tally, replyMs, newcomer: false });
      if (!(await connection.opened)) return null;
      this.connection = connection;
      return (await this.#consult()) === null ? null : connection;
    });
  }

  /** @returns whether the visit goes on. */
  async #playRound(): Promise<boolean> {
    const { plan } = this.#street;
    const { mischief, random } = this.#plan;
    await this.#pause("thinking", between(random, plan.thinkMs));
    if (mischief !== null && random() < MISCHIEF_SHARE) await this.#misbehave(mischief);
    else await this.#buyPatiently();
    const { connection } = this;
    if (connection === null) {
      await this.#pause("thinking", between(random, plan.thinkMs));
      return true;
    }
    if (!connection.isAlive) return false;
    await this.#pause("listening", between(random, plan.listenMs));
    return connection.isAlive;
  }

  async #buyPatiently(): Promise<void> {
    for (let tries = 0; tries < BUSY_TRIES; tries++) {
      const answer = await this.#buy();
      if (answer?.kind !== "refused" || answer.reason !== "busy") return;
      await this.#pause("thinking", between(this.#plan.random, this.#street.plan.thinkMs));
    }
  }

  async #misbehave(mischief: NonNullable<PersonPlan["mischief"]>): Promise<void> {
    const { connection } = this;
    if (connection === null) return;
    const { tally, plan } = this.#street;
    const { transport, random } = this.#plan;
    await play(mischief, {
      connection,
      transport,
      random,
      tally,
      buy: () => this.#buy(),
      pause: (ms) => this.#pause(this.#phase ?? "buying", ms),
      slowMs: Math.min(plan.listenMs.high, SLOW_MS),
    });
    // It ended the connection itself, or the server did, rightly.
    if (!connection.isAlive && !connection.isLost) this.connection = null;
  }

  #consult(): Promise<Line | null> {
    return this.#ask("asking", "CONSULTAR");
  }

  #buy(): Promise<Line | null> {
    return this.#ask("buying", "COMPRAR");
  }

  async #ask(phase: Phase, command: "CONSULTAR" | "COMPRAR"): Promise<Line | null> {
    const { connection } = this;
    if (connection === null) return null;
    this.#enter(phase);
    return connection.ask(command, () => connection.wire.send(command));
  }

  async #pause(phase: Phase, ms: number): Promise<void> {
    this.#enter(phase);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  #enter(phase: Phase): void {
    const { phases } = this.#street.tally;
    if (this.#phase !== null) phases[this.#phase] -= 1;
    phases[phase] += 1;
    this.#phase = phase;
  }
}
