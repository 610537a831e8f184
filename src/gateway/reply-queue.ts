/**
 * The answers of one connection in the order of its commands. An answer may be known at once, be due from the queue,
 * or be made when its turn comes, because what it says depends on the answers before it.
 */
export interface Place {
  reply: string | null | (() => readonly string[]);
}

export class ReplyQueue {
  readonly #places: Place[] = [];

  /** Answers that haven't left. */
  get length(): number {
    return this.#places.length;
  }

  /** Keeps a place for an answer that isn't known yet: fill in its `reply`, then call `advance`. */
  reserve(): Place {
    const place: Place = { reply: null };
    this.#places.push(place);
    return place;
  }

  add(reply: string | (() => readonly string[])): void {
    this.#places.push({ reply });
  }

  /** Sends every answer whose turn has come. */
  advance(connection: { send(text: string): void }): void {
    for (let place = this.#places[0]; place !== undefined; place = this.#places[0]) {
      const { reply } = place;
      if (reply === null) return;
      if (typeof reply === "string") {
        this.#places.shift();
        connection.send(reply);
        continue;
      }
      const texts = reply();
      this.#places.shift();
      for (const text of texts) connection.send(text);
    }
  }
}
