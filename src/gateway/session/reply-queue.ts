/**
 * The replies of one connection in the order of its commands. A reply may be known at once, be due from the queue, or
 * be made when its turn comes, because what it says depends on the replies before it.
 *
 * They are linked to each other: most connections wait for nothing, and have nothing here then.
 */
export interface Reply {
  /** Null while it is due: whoever fills it in then calls `advance`. */
  readonly text: string | null | (() => readonly string[]);
  /** The text is known to be ASCII. */
  readonly isAscii?: boolean;
  /** The one behind it; the queue's own. */
  next: Reply | null;
}

/** The same text several times in a row: what a full queue says to whoever goes on asking. */
interface Run extends Reply {
  readonly text: string;
  times: number;
}

export class ReplyQueue {
  #first: Reply | Run | null = null;
  #last: Reply | Run | null = null;
  #length = 0;

  /** Replies that haven't left. */
  get length(): number {
    return this.#length;
  }

  /** @param reply one that is in no queue. */
  add(reply: Reply): void {
    this.#length += 1;
    if (this.#last === null) this.#first = reply;
    else this.#last.next = reply;
    this.#last = reply;
  }

  /** Adds a reply that is known at once, without an object for each when they are the same. */
  addText(text: string): void {
    const last = this.#last;
    if (last !== null && "times" in last && last.text === text) {
      last.times += 1;
      this.#length += 1;
    } else {
      const run: Run = { text, times: 1, next: null };
      this.add(run);
    }
  }

  /** Sends every reply whose turn has come. */
  advance(connection: { send(text: string, isAscii?: boolean): void }): void {
    for (let reply = this.#first; reply !== null; reply = this.#first) {
      const { text, isAscii } = reply;
      if (text === null) return;
      if (typeof text === "string") {
        this.#shift(reply);
        for (let i = timesOf(reply); i > 0; i--) connection.send(text, isAscii);
        continue;
      }
      const texts = text();
      this.#shift(reply);
      for (const one of texts) connection.send(one);
    }
  }

  #shift(reply: Reply | Run): void {
    this.#first = reply.next;
    if (reply.next === null) this.#last = null;
    // Old ones that the garbage collector hasn't come to would hold on to the newer ones.
    reply.next = null;
    this.#length -= timesOf(reply);
  }
}

function timesOf(reply: Reply | Run): number {
  return "times" in reply ? reply.times : 1;
}
