import type { NoticeKind, NoticeMessage } from "../src/protocol/messages.ts";
import { PAGE_LIMITS } from "./limits.ts";

/** What is no longer news, or no longer true, once a notice of the first kind comes. */
const ENDS: Readonly<Record<NoticeKind, readonly NoticeKind[]>> = {
  opened: ["opened", "paused", "closed"],
  paused: ["opened", "paused"],
  closed: ["opened", "paused", "closed"],
  sold_out: ["opened", "restocked", "sold_out"],
  restocked: ["sold_out"],
};

/**
 * The notices on the banner: the newest, and those that came with it and still hold, so that none is lost behind
 * another and none contradicts another.
 */
export class NoticeBoard {
  #notices: readonly NoticeMessage[] = [];
  #newestAt = -Infinity;
  #pinned = 0;

  get notices(): readonly NoticeMessage[] {
    return this.#notices;
  }

  /** How many came: it tells a notice from the one before that says the same. */
  get pinned(): number {
    return this.#pinned;
  }

  /** @param now monotonic milliseconds, here and below. */
  pin(notice: NoticeMessage, now: number): void {
    // A newer server may have kinds that this page has no words for.
    if (!Object.hasOwn(ENDS, notice.kind)) return;
    const together = now - this.#newestAt < PAGE_LIMITS.noticeGroupMs;
    const ended = ENDS[notice.kind];
    const kept = together ? this.#notices.filter(({ kind }) => !ended.includes(kind)) : [];
    this.#notices = [...kept, notice].slice(-2);
    this.#newestAt = now;
    this.#pinned += 1;
  }

  clear(): void {
    this.#notices = [];
  }

  /** Takes down what has been there long enough; sold out stays until something else happens. */
  expire(now: number): void {
    const newest = this.#notices.at(-1);
    if (newest === undefined || newest.kind === "sold_out" || newest.kind === "closed") return;
    if (now - this.#newestAt >= PAGE_LIMITS.noticeShownMs) this.clear();
  }
}
