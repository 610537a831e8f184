/** A command that the queue took, and what became of it. */
import type { Command } from "../../src/box-office/command.ts";
import type { Meaning } from "./meaning.ts";

export interface Taken {
  readonly number: number;
  readonly command: Command;
  /** When it was handed in, by the wall and on the timeline. */
  readonly wall: number;
  readonly at: number;
  readonly asker: Asker | null;
  /** Offset of the first event that it caused, and how many they were. */
  event: number | null;
  events: number;
  isAnswered: boolean;
  /** The process through which it came is gone: it may still be carried out, and nobody will be answered. */
  isLost: boolean;
  /** It is in the queue's process. */
  hasArrived: boolean;
  /** The queue has answered it, whether or not that reaches anybody. */
  isSettled: boolean;
}

/** Whoever asked: told what the answer must mean just before it is answered. */
export interface Asker {
  asked(taken: Taken): void;
  means(taken: Taken | null, meaning: Meaning): void;
}
