/**
 * How much of the event loop's time rounds may take, all channels' together, and so how long to pause after each.
 *
 * Time in which the loop would only wait may as well tell watchers sooner, so rounds may nearly fill a loop that has
 * little else to do. For what everything else takes of it they give up more than that: buyers who wait for each answer ask
 * less often when rounds take more, so what they are seen to take is less than what they need. However busy the loop is,
 * a small share is left to rounds, or nobody would see anything while a crowd buys.
 *
 * What everything else takes is the loop's busy time less what rounds took of it, from one look to the next.
 */
import type { Clock } from "../engine/ports.ts";

export interface LoopMeter {
  /** Milliseconds, fractional, that the event loop has been busy since an arbitrary start. */
  busyMs(): number;
}

export interface PaceLimits {
  /** Shortest time between the starts of two rounds of a channel. */
  readonly intervalMs: number;
  /** Longest time between the starts of two rounds of a channel, whatever they cost: beyond it, nothing is owed. */
  readonly longestIntervalMs: number;
  /** How much time beside rounds is watched at least before they are paced by what everything else took of it. */
  readonly lookMs: number;
  /** Share of the event loop's time that rounds may take however busy it is, in (0, 1]. */
  readonly busyShare: number;
  /** The same when there is nothing else to do, in [busyShare, 1]. */
  readonly idleShare: number;
  /** What rounds give up of that for each share of the time that everything else takes, at least 1. */
  readonly yielding: number;
}

export const systemLoop: LoopMeter = { busyMs: () => performance.eventLoopUtilization().active };

export class Pace {
  readonly #clock: Clock;
  readonly #loop: LoopMeter;
  readonly #limits: PaceLimits;
  /** When what all channels' rounds took until now will have been no more than their share. */
  #paidAt = Number.NEGATIVE_INFINITY;
  #share: number;
  /** End of a round, from which on everything else is watched, and how busy the loop had been until then. */
  #watchedFrom: number;
  #busyMs: number;
  /** What rounds took since then. */
  #spentMs = 0;
  /** What everything else took before that, as a share of the loop's time; all of it while nothing is known. */
  #othersBefore = 1;

  constructor(parts: { readonly clock: Clock; readonly loop: LoopMeter; readonly limits: PaceLimits }) {
    this.#clock = parts.clock;
    this.#loop = parts.loop;
    this.#limits = parts.limits;
    this.#share = parts.limits.busyShare;
    this.#watchedFrom = parts.clock.monotonic();
    this.#busyMs = parts.loop.busyMs();
  }

  /** A slice of a round took so long. */
  spend(ms: number): void {
    this.#spentMs += ms;
  }

  /** A round is over that began then and cost so many milliseconds. */
  pay(startedAt: number, costMs: number): void {
    const others = this.#look();
    if (others !== null) this.#watchAnew(others);
    const latest = startedAt + this.#limits.longestIntervalMs;
    this.#paidAt = Math.min(latest, Math.max(this.#paidAt, startedAt) + costMs / this.#share);
  }

  /** @returns when a channel's next round may start, whose last one began then and cost so much. */
  next(startedAt: number, costMs: number): number {
    this.#look();
    const { intervalMs, longestIntervalMs } = this.#limits;
    const paidAt = Math.max(this.#paidAt, startedAt + costMs / this.#share);
    return Math.min(startedAt + longestIntervalMs, Math.max(startedAt + intervalMs, paidAt));
  }

  /**
   * Sets the share by what everything else has taken since the end of a round. If more rounds than usual fell into that time,
   * less was left for it than usual: what it took of that counts as if rounds had taken their share.
   *
   * One measurement may be off (the machine did something else): rounds give way when two in a row say so.
   *
   * @returns that share; null when rounds left it too short a time to tell.
   */
  #look(): number | null {
    const { lookMs, busyShare, idleShare, yielding } = this.#limits;
    const now = this.#clock.monotonic();
    const elapsed = now - this.#watchedFrom;
    const left = elapsed - this.#spentMs;
    if (left < lookMs) return null;
    const othersMs = Math.max(0, this.#loop.busyMs() - this.#busyMs - this.#spentMs);
    const others = (othersMs / left) * Math.max(left / elapsed, 1 - this.#share);
    const share = Math.max(busyShare, idleShare - yielding * Math.min(others, this.#othersBefore));
    // What is still to be paid is paid with the new share.
    if (this.#paidAt > now) this.#paidAt = now + ((this.#paidAt - now) * this.#share) / share;
    this.#share = share;
    return others;
  }

  /** Always from the end of a round: a time that holds a round without its pause, or the pause alone, isn't what is usual. */
  #watchAnew(othersBefore: number): void {
    this.#othersBefore = othersBefore;
    this.#watchedFrom = this.#clock.monotonic();
    this.#busyMs = this.#loop.busyMs();
    this.#spentMs = 0;
  }
}
