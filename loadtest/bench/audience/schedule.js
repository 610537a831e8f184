/**
 * What is due at a steady rate, however late one comes to look. Whoever timed from when it got round to it would leave
 * out the waiting of exactly those who waited longest.
 */
export class Schedule {
  #startedAt;
  #everyMs;
  #done = 0;

  /** @param {number} startedAt @param {number} perSecond */
  constructor(startedAt, perSecond) {
    this.#startedAt = startedAt;
    this.#everyMs = 1_000 / perSecond;
  }

  /** @param {number} now @returns {number[]} when each was due that has become due since the last time, oldest first */
  dueUntil(now) {
    const due = Math.floor((now - this.#startedAt) / this.#everyMs);
    const times = [];
    while (this.#done < due) {
      this.#done += 1;
      times.push(this.#startedAt + this.#done * this.#everyMs);
    }
    return times;
  }
}
