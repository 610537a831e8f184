/**
 * The replies of one connection in the order of its commands. A reply may be known at once, be due from the queue, or
 * be made when its turn comes, because what it says depends on the replies before it.
 */
export interface Reply {
  /** Null while it is due: whoever fills it in then calls `advance`. */
  readonly text: string | null | (() => readonly string[]);
  /** The text is known to be ASCII. */
  readonly isAscii?: boolean;
}

/** The same text several times in a row: what a full queue says to whoever goes on asking. */
interface Run extends Reply {
  readonly text: string;
  times: number;
}

export class ReplyQueue {
  readonly #replies: (Reply | Run)[] = [];
  #length = 0;
  /** The last of the replies, while it is such a run. */
  #run: Run | null = null;

  /** Replies that haven't left. */
  get length(): number {
    return this.#length;
  }

  add(reply: Reply): void {
    this.#run = null;
    this.#length += 1;
    this.#replies.push(reply);
  }

  /** Adds a reply that is known at once, without an object for each when they are the same. */
  addText(text: string): void {
    this.#length += 1;
    if (this.#run?.text === text) {
      this.#run.times += 1;
      return;
    }
    this.#run = { text, times: 1 };
    this.#replies.push(this.#run);
  }

  /** Sends every reply whose turn has come. */
  advance(connection: { send(text: string, isAscii?: boolean): void }): void {
    for (let reply = this.#replies[0]; reply !== undefined; reply = this.#replies[0]) {
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
    this.#replies.shift();
    this.#length -= timesOf(reply);
    if (reply === this.#run) this.#run = null;
  }
}

function timesOf(reply: Reply | Run): number {
  return "times" in reply ? reply.times : 1;
}
