/**
 * The rhythm of one channel: when to go round its members, and how to do it without making buyers wait.
 *
 * The first change after a quiet spell starts a round at once (leading edge). While changes keep coming, rounds
 * start at an interval that the pace sets from what they cost and from how busy the loop is (pace.ts), and the last
 * change always gets one (trailing edge). A round is cut into slices with the event loop between them; each slice takes
 * whatever is newest when it runs. A notice doesn't wait for the interval.
 *
 * Before a few members are visited each of them is glanced at: what a visit reads lies in a dozen places of memory that
 * are in no cache by then, and a processor that runs ahead waits for those of several members at the same time.
 *
 * While changes keep coming each round goes by the members in the same order as the one before, so that everybody is told
 * after the same time. Otherwise it begins elsewhere: nobody is always last.
 */
import type { Cancel, Clock, Scheduler } from "../engine/ports.ts";
import type { Pace } from "./pace.ts";

export interface RoundLimits {
  /** How long one slice may keep the event loop. */
  readonly sliceMs: number;
}

export interface RoundParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly limits: RoundLimits;
  /** All channels' rounds share it. */
  readonly pace: Pace;
}

export interface RoundMember {
  /** Reads what a visit will read first, changes nothing, and gives a number of no meaning. */
  glance(): number;
}

/** How many members are visited between two looks at the clock. */
const LOOK_EVERY = 16;

/** How far from the last one a round begins elsewhere, as a share of the members; the golden ratio never comes round soon. */
const STRIDE = 0.618;

export class Round<Member extends RoundMember> {
  /** What the last glances gave. It is of no use, but the compiler would leave them out if nobody kept it. */
  glanced = 0;
  readonly #members: readonly Member[];
  readonly #visit: (member: Member) => void;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #limits: RoundLimits;
  readonly #pace: Pace;
  #running = false;
  /** Something changed that members already visited in this round don't know. */
  #again = false;
  #timer: Cancel | null = null;
  #startedAt = Number.NEGATIVE_INFINITY;
  #firstMember = 0;
  #left = 0;
  #costMs = 0;

  /** @param members the live list; it may grow and shrink while a round is under way. */
  constructor(members: readonly Member[], visit: (member: Member) => void, parts: RoundParts) {
    this.#members = members;
    this.#visit = visit;
    this.#clock = parts.clock;
    this.#scheduler = parts.scheduler;
    this.#limits = parts.limits;
    this.#pace = parts.pace;
  }

  /** Something changed. `urgent` doesn't wait for the interval. */
  request(urgent: boolean): void {
    if (this.#running) {
      this.#again = true;
      if (urgent) this.#left = this.#members.length;
      return;
    }
    // Whoever waits may have to wait no longer: the loop may be less busy than it was.
    const isQuiet = this.#timer === null && this.#wait() <= 0;
    if (urgent || isQuiet) this.#startElsewhere();
    else this.#follow();
  }

  /** A member came, at the end of the list: the round under way may come by it before it has come by all the others. */
  memberCame(): void {
    if (this.#running) this.#left += 1;
  }

  /** A member left: another may have taken its place in the list and be missed by the round under way. */
  memberMoved(): void {
    if (this.#running) this.#again = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Milliseconds until the next round may start. */
  #wait(): number {
    return this.#pace.next(this.#startedAt, this.#costMs) - this.#clock.monotonic();
  }

  #follow(): void {
    const wait = this.#wait();
    if (wait <= 0) this.#start();
    else this.#timer ??= this.#scheduler.after(wait, () => this.#start());
  }

  #startElsewhere(): void {
    this.#firstMember += Math.floor(this.#members.length * STRIDE);
    if (this.#firstMember >= this.#members.length) this.#firstMember -= this.#members.length;
    this.#start();
  }

  #start(): void {
    this.stop();
    this.#running = true;
    this.#again = false;
    this.#startedAt = this.#clock.monotonic();
    this.#costMs = 0;
    this.#left = this.#members.length;
    this.#scheduler.soon(() => this.#slice());
  }

  #slice(): void {
    const started = this.#clock.monotonic();
    let spent = 0;
    while (this.#left > 0 && spent < this.#limits.sliceMs) {
      this.#glanceAhead();
      for (let i = 0; i < LOOK_EVERY && this.#left > 0; i++) {
        if (this.#firstMember >= this.#members.length) this.#firstMember = 0;
        const member = this.#members[this.#firstMember];
        this.#firstMember += 1;
        this.#left -= 1;
        if (member !== undefined) this.#visit(member);
      }
      spent = this.#clock.monotonic() - started;
    }
    this.#costMs += spent;
    this.#pace.spend(spent);
    if (this.#left > 0) this.#scheduler.soon(() => this.#slice());
    else this.#finish();
  }

  /** At those who will be visited before the next look at the clock. */
  #glanceAhead(): void {
    const { length } = this.#members;
    const count = Math.min(LOOK_EVERY, length, this.#left);
    let glanced = 0;
    for (let i = 0, at = this.#firstMember; i < count; i++, at++) {
      if (at >= length) at = 0;
      glanced += (this.#members[at] as Member).glance();
    }
    this.glanced = glanced;
  }

  #finish(): void {
    this.#running = false;
    this.#pace.pay(this.#startedAt, this.#costMs);
    if (this.#again) this.#follow();
  }
}
