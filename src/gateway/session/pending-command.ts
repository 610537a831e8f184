import type { Answer } from "../../box-office/answer.ts";
import type { Command } from "../../box-office/command.ts";
import type { Envelope } from "../../engine/ports.ts";
import type { Reply } from "./reply-queue.ts";

/** Who waits for the queue's answers. */
export interface Asker {
  answered(pending: PendingCommand, answer: Answer): void;
}

/** A command on its way through the queue, and the place that its answer has among the replies of its connection. */
export class PendingCommand implements Envelope, Reply {
  readonly command: Command;
  /** As the command log names it. */
  readonly what: string;
  /** What the answer repeats, so that the client knows what it answers. */
  readonly id: string | undefined;
  text: string | null = null;
  isAscii = false;
  next: Reply | null = null;
  readonly #asker: Asker;

  constructor(asker: Asker, command: Command, what: string, id: string | undefined) {
    this.#asker = asker;
    this.command = command;
    this.what = what;
    this.id = id;
  }

  reply(answer: Answer): void {
    this.#asker.answered(this, answer);
  }
}
