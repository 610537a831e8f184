/**
 * The rhythm of one channel: when to go round its members, and how to do it without making buyers wait.
 *
 * The first change after a quiet spell starts a round at once (leading edge). While changes keep coming, rounds
 * start at a steady interval, and the last change always gets one (trailing edge). The interval is what the last
 * round cost divided by the share of the loop that fan-out may take, so a bigger crowd gets fewer, not slower,
 * updates. A round is cut into slices with the event loop between them; each slice takes whatever is newest when
 * it runs. A notice doesn't wait for the interval.
 */
import type { Cancel, Clock, Scheduler } from "../engine/ports.ts";

export interface RoundLimits {
  /** Shortest time between the starts of two rounds. */
  readonly intervalMs: number;
  /** Longest time between the starts of two rounds, whatever a round costs. */
  readonly longestIntervalMs: number;
  /** How long one slice may keep the event loop. */
  readonly sliceMs: number;
  /** Share of the event loop's time that rounds may take, in (0, 1]. */
  readonly loopShare: number;
}

/** How many members are visited between two looks at the clock. */
const LOOK_EVERY = 16;

/** How far from the last one a round begins, as a share of the members; the golden ratio never comes round soon. */
const STRIDE = 0.618;

export class Round<Member> {
  readonly #members: readonly Member[];
  readonly #visit: (member: Member) => void;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #limits: RoundLimits;
  #running = false;
  /** Something changed that members already visited in this round don't know. */
  #again = false;
  #timer: Cancel | null = null;
  #startedAt = Number.NEGATIVE_INFINITY;
  #intervalMs: number;
  #firstMember = 0;
  #left = 0;
  #costMs = 0;

  /** @param members the live list; it may grow and shrink while a round is under way. */
  constructor(
    members: readonly Member[],
    visit: (member: Member) => void,
    parts: { readonly clock: Clock; readonly scheduler: Scheduler; readonly limits: RoundLimits },
  ) {
    this.#members = members;
    this.#visit = visit;
    this.#clock = parts.clock;
    this.#scheduler = parts.scheduler;
    this.#limits = parts.limits;
    this.#intervalMs = parts.limits.intervalMs;
  }

  /** Something changed. `urgent` doesn't wait for the interval. */
  request(urgent: boolean): void {
    if (this.#running) {
      this.#again = true;
      if (urgent) this.#left = this.#members.length;
      return;
    }
    const wait = this.#startedAt + this.#intervalMs - this.#clock.monotonic();
    if (urgent || wait <= 0) this.#start();
    else this.#timer ??= this.#scheduler.after(wait, () => this.#start());
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

  #start(): void {
    this.stop();
    this.#running = true;
    this.#again = false;
    this.#startedAt = this.#clock.monotonic();
    this.#costMs = 0;
    this.#left = this.#members.length;
    this.#firstMember += Math.floor(this.#left * STRIDE);
    if (this.#firstMember >= this.#left) this.#firstMember -= this.#left;
    this.#scheduler.soon(() => this.#slice());
  }

  #slice(): void {
    const started = this.#clock.monotonic();
    let spent = 0;
    while (this.#left > 0 && spent < this.#limits.sliceMs) {
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
    if (this.#left > 0) this.#scheduler.soon(() => this.#slice());
    else this.#finish();
  }

  #finish(): void {
    this.#running = false;
    const { intervalMs, longestIntervalMs, loopShare } = this.#limits;
    this.#intervalMs = Math.min(longestIntervalMs, Math.max(intervalMs, this.#costMs / loopShare));
    if (this.#again) this.request(false);
  }
}
