import type { NoticeMessage } from "../src/protocol/messages.ts";
import { PAGE_LIMITS } from "./limits.ts";

/** The notices on the banner: the newest, and those that came with it, so that none is lost behind another. */
export class NoticeBoard {
  #notices: readonly NoticeMessage[] = [];
  #newestAt = 0;

  get notices(): readonly NoticeMessage[] {
    return this.#notices;
  }

  /** @param now monotonic milliseconds, here and below. */
  pin(notice: NoticeMessage, now: number): void {
    const together = now - this.#newestAt < PAGE_LIMITS.noticeGroupMs;
    this.#notices = together ? [...this.#notices, notice].slice(-3) : [notice];
    this.#newestAt = now;
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
