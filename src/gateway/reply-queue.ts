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

export class ReplyQueue {
  readonly #replies: Reply[] = [];

  /** Replies that haven't left. */
  get length(): number {
    return this.#replies.length;
  }

  add(reply: Reply): void {
    this.#replies.push(reply);
  }

  /** Sends every reply whose turn has come. */
  advance(connection: { send(text: string, isAscii?: boolean): void }): void {
    for (let reply = this.#replies[0]; reply !== undefined; reply = this.#replies[0]) {
      const { text, isAscii } = reply;
      if (text === null) return;
      if (typeof text === "string") {
        this.#replies.shift();
        connection.send(text, isAscii);
        continue;
      }
      const texts = text();
      this.#replies.shift();
      for (const one of texts) connection.send(one);
    }
  }
}
