/**
 * The notices that one connection has still to hear: first those that it missed and asked for when it came back, then
 * those since its joining that it wished for in their time; each once, and in order.
 */
import type { Ledger, Notice, Position } from "./ledger.ts";
import { broken } from "./violation.ts";

export interface OwedNoticesParts {
  readonly sale: string;
  readonly ledger: Ledger;
  readonly epoch: number;
  /** The offset up to which the hub had been told when the connection joined. */
  readonly joined: number;
  readonly now: () => number;
  /** How many of those that were missed are told at most. */
  readonly resumedNotices: number;
  /** How many notices the hub keeps; of older ones nobody can be told. */
  readonly keptNotices: number;
}

export class OwedNotices {
  readonly #parts: OwedNoticesParts;
  /** Whether it wishes for more than to be told of `sold_out`. */
  wantsAll: boolean;
  hasResumed = false;
  resumedWith = 0;
  /** Notices before this offset have been judged by the wishes of their time. */
  #judged: number;
  #owed: { readonly notice: Notice; readonly since: number }[] = [];
  #missed: Notice[] = [];
  /** Those of them that the hub needn't have any more. */
  #forgotten = new Set<Notice>();

  constructor(parts: OwedNoticesParts, wantsAll: boolean) {
    this.#parts = parts;
    this.wantsAll = wantsAll;
    this.#judged = parts.joined;
  }

  /** The one that has been owed longest. */
  get oldest(): { readonly notice: Notice; readonly since: number } | undefined {
    return this.#owed[0];
  }

  /** Which of the notices so far it is owed, by its wishes so far. */
  judge(until: number): void {
    if (until <= this.#judged) return;
    const { ledger, sale, now } = this.#parts;
    const notices = ledger.notices(sale);
    let first = notices.length;
    while (first > 0 && notices[first - 1]!.position.offset >= this.#judged) first -= 1;
    for (const notice of notices.slice(first)) {
      if (notice.position.offset >= until) break;
      if (this.wantsAll || notice.kind === "sold_out") this.#owed.push({ notice, since: now() });
    }
    this.#judged = until;
  }

  /** It comes back, and knows everything up to there. */
  resume(from: Position | undefined): void {
    const { ledger, sale, epoch, joined, resumedNotices, keptNotices } = this.#parts;
    if (!this.hasResumed && from?.epoch === epoch) {
      const notices = ledger.notices(sale);
      // Those that are durable and not told yet count as well: the hub may still have one more of the old.
      this.#forgotten = new Set(notices.slice(0, -keptNotices));
      const missed = notices
        .filter(({ position }) => position.epoch === epoch)
        .filter(({ position: { offset } }) => offset > from.offset && offset < joined);
      this.#missed = missed.slice(-resumedNotices);
      this.resumedWith += this.#missed.length;
    }
    this.hasResumed = true;
  }

  /** Hears one that was missed. @returns whether one was due. */
  hearMissed(is: (notice: Notice) => boolean, what: string): boolean {
    let missed = this.#missed.shift();
    while (missed !== undefined && this.#forgotten.has(missed) && !is(missed)) missed = this.#missed.shift();
    if (missed === undefined) return false;
    if (!is(missed)) broken(5, "resumed notices", `${what} came instead of ${JSON.stringify(missed)}`);
    return true;
  }

  assertNoneMissed(): void {
    const missing = this.#missed.find((notice) => !this.#forgotten.has(notice));
    if (missing !== undefined) broken(5, "resumed notices", `${JSON.stringify(missing)} is missing`);
  }

  /** Hears one that the hub told, which has been told of everything before `until`. */
  hear(is: (notice: Notice) => boolean, what: string, until: number): Notice {
    this.judge(until);
    const due = this.#owed.shift();
    if (due === undefined) return broken(5, "notice out of nothing", `${what} was told and isn't owed`);
    const { notice } = due;
    if (!is(notice)) broken(5, "notice order", `${what} was told, owed is ${JSON.stringify(notice)}`);
    return notice;
  }
}
