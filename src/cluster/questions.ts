/** What a worker asks the engine's process, and the answers that it waits for. */
import { LinkFault } from "./link-fault.ts";
import type { NoteToEngine, Question } from "./notes.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
}

export class Questions {
  readonly #send: (note: NoteToEngine) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(send: (note: NoteToEngine) => void) {
    this.#send = send;
  }

  /**
   * @param Value what the engine's process answers this question with.
   * @throws {Error} with the words of the engine's process if it can't say.
   */
  ask<Value>(question: Question): Promise<Value> {
    this.#last += 1;
    const id = this.#last;
    return new Promise<Value>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#send({ type: "ask", id, question });
    });
  }

  told(id: number, value: unknown): void {
    this.#take(id).resolve(value);
  }

  untold(id: number, message: string): void {
    this.#take(id).reject(new Error(message));
  }

  #take(id: number): Waiting {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) throw new LinkFault(`an answer to question ${id} came, which nobody asked`);
    this.#waiting.delete(id);
    return waiting;
  }
}
