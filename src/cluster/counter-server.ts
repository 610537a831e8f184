/**
 * The engine's end of one link: hands a worker's commands to the queue, and gathers the answers of one turn until
 * they are sent together with what that turn published.
 */
import type { Answer } from "../box-office/answer.ts";
import type { Command } from "../box-office/command.ts";
import type { Counter, Envelope } from "../engine/ports.ts";
import { answerRow, commandOfRow, rowsOf, type Row } from "./command-codec.ts";
import { turnFrame } from "./turn-codec.ts";

const BUSY: Answer = { kind: "rejected", rejection: { reason: "busy" } };

export class CounterServer {
  readonly #counter: Counter;
  readonly #gathered: () => void;
  #answers: Row[] = [];

  /** @param gathered called when there is a first answer to send. */
  constructor(counter: Counter, gathered: () => void) {
    this.#counter = counter;
    this.#gathered = gathered;
  }

  get hasAnswers(): boolean {
    return this.#answers.length > 0;
  }

  /** @param json the body of a frame of commands. @throws {LinkFault} if it is none. */
  take(json: string): void {
    for (const row of rowsOf(json)) {
      const { number, organiser, command } = commandOfRow(row);
      const envelope = new RemoteEnvelope(this, number, command);
      // A full mailbox is an answer like any other; the session at the other end knows its place.
      if (!this.#counter.submit(envelope, organiser ? "organiser" : undefined)) envelope.reply(BUSY);
    }
  }

  answered(number: number, answer: Answer): void {
    if (this.#answers.push(answerRow(number, answer)) === 1) this.#gathered();
  }

  /** What is to be sent now; null when it is nothing. @param publication the same for all workers; may be empty. */
  turn(publication: Buffer): Buffer | null {
    if (publication.length === 0 && this.#answers.length === 0) return null;
    const frame = turnFrame(publication, this.#answers);
    this.#answers = [];
    return frame;
  }
}

class RemoteEnvelope implements Envelope {
  readonly command: Command;
  readonly #server: CounterServer;
  readonly #number: number;

  constructor(server: CounterServer, number: number, command: Command) {
    this.#server = server;
    this.#number = number;
    this.command = command;
  }

  reply(answer: Answer): void {
    this.#server.answered(this.#number, answer);
  }
}
