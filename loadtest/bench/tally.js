/** What all connections of the client share: what they send, what they may hear, and what they have counted. */
import { maskedTextFrame } from "./frame-reader.js";
import { Histogram } from "./histogram.js";

export class Tally {
  inFlight;
  replies = 0;
  pushes = 0;
  latencies = new Histogram();
  /** No more commands are sent, and connections may close. */
  closing = false;
  /** Commands ready to be written: entry n holds n + 1 of them. */
  #requests;
  #reply;
  #pushes;
  /** @type {Promise<never>} */
  #fault;
  /** @type {(cause: Error) => void} */
  #reject = () => {};

  /** @param {Pick<import("./client.js").Orders, "inFlight" | "request" | "reply" | "pushes">} orders */
  constructor({ inFlight, request, reply, pushes }) {
    this.inFlight = inFlight;
    const frame = maskedTextFrame(request);
    const all = Buffer.concat(Array.from({ length: inFlight }, () => frame));
    this.#requests = Array.from({ length: inFlight }, (_, i) => all.subarray(0, (i + 1) * frame.length));
    this.#reply = Buffer.from(reply);
    this.#pushes = pushes.map((push) => Buffer.from(push));
    this.#fault = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Whoever waits hears of it; that nobody waits at the moment is no reason to end the process.
    this.#fault.catch(() => {});
  }

  /** @param {number} count from 1 to `inFlight` @returns {Buffer} shared, not to be changed */
  requests(count) {
    const bytes = this.#requests[count - 1];
    if (bytes === undefined) throw new Error(`${count} commands at once`);
    return bytes;
  }

  /**
   * Counts a message as a reply (false) or a push (true); anything else voids the run.
   *
   * @param {Buffer} bytes @param {number} start @param {number} end
   */
  isPush(bytes, start, end) {
    if (beginsWith(this.#reply, bytes, start, end)) {
      this.replies += 1;
      return false;
    }
    if (this.#pushes.some((push) => beginsWith(push, bytes, start, end))) {
      this.pushes += 1;
      return true;
    }
    this.fail(`a reply that shouldn't be: ${JSON.stringify(bytes.toString("utf8", start, end))}`);
    return true;
  }

  /** @param {string} why */
  fail(why) {
    this.#reject(new Error(why));
  }

  /** @template T @param {Promise<T>} step @returns {Promise<T>} rejects as soon as anything makes the run void */
  unlessFault(step) {
    return Promise.race([step, this.#fault]);
  }
}

/** @param {Buffer} prefix @param {Buffer} bytes @param {number} start @param {number} end */
function beginsWith(prefix, bytes, start, end) {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
