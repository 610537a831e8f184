import type { Answer } from "../../src/box-office/answer.ts";
import { createBoxOffice, type BoxOffice } from "../../src/box-office/box-office.ts";
import type { Command } from "../../src/box-office/command.ts";
import type { Rules } from "../../src/box-office/decision.ts";
import { Engine, type EngineLimits } from "../../src/engine/engine.ts";
import type { EngineFault } from "../../src/engine/fault.ts";
import type { EngineProbe, Published } from "../../src/engine/ports.ts";
import { create, GALA, RULES } from "./commands.ts";
import { ManualJournal } from "./manual-journal.ts";
import { ManualTime } from "./manual-time.ts";

export interface EngineRoomParts {
  readonly state?: BoxOffice;
  readonly limits?: Partial<EngineLimits>;
  readonly rules?: Partial<Rules>;
  readonly journal?: ManualJournal;
  readonly probe?: EngineProbe;
}

export interface Reply {
  /** Which submission it answers, counted from 0. */
  readonly to: number;
  readonly answer: Answer;
}

const LIMITS: EngineLimits = { mailbox: 100, mailboxReserve: 2, batchCommands: 50 };

/** An engine with everything around it in a test's hands, and a diary of what left it. */
export class EngineRoom {
  readonly time = new ManualTime();
  readonly state: BoxOffice;
  readonly journal: ManualJournal;
  readonly engine: Engine;
  readonly replies: Reply[] = [];
  readonly published: Published[] = [];
  readonly faults: EngineFault[] = [];
  /** Appends that began, replies and publications, in order. */
  readonly diary: string[] = [];
  /** Called with each reply, before the engine goes on. */
  onReply: (reply: Reply) => void = () => {};
  onPublish: (published: Published) => void = () => {};
  #submitted = 0;

  constructor(parts: EngineRoomParts = {}) {
    this.state = parts.state ?? createBoxOffice();
    this.journal = parts.journal ?? new ManualJournal();
    this.journal.onAppend = (events) => this.diary.push(`append ${events.length}`);
    this.engine = new Engine({
      state: this.state,
      journal: this.journal,
      clock: this.time,
      scheduler: this.time,
      rules: { ...RULES, ...parts.rules },
      limits: { ...LIMITS, ...parts.limits },
      probe: parts.probe ?? { decided: () => {}, batch: () => {}, synced: () => {} },
      publish: (published) => {
        this.published.push(published);
        this.diary.push(`publish ${published.offset}`);
        this.onPublish(published);
      },
      fail: (fault) => this.faults.push(fault),
    });
  }

  /** Commands that the engine took. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Whether the engine took it; its reply is numbered by the order of submissions that were taken. */
  submit(command: Command, priority?: "organiser"): boolean {
    const to = this.#submitted;
    const reply = (answer: Answer): void => {
      const reply = { to, answer };
      this.replies.push(reply);
      this.diary.push(`reply ${to}`);
      this.onReply(reply);
    };
    const taken = this.engine.submit({ command, reply }, priority);
    if (taken) this.#submitted += 1;
    return taken;
  }

  /** Submits, and turns loop and journal until all is answered. The answers to just these come back. */
  async serve(...commands: readonly Command[]): Promise<Answer[]> {
    const before = this.replies.length;
    for (const command of commands) {
      if (!this.submit(command)) throw new Error("the mailbox is full");
    }
    await this.rest();
    return this.replies.slice(before).map(({ answer }) => answer);
  }

  /** Turns loop and journal until nothing is left to do; timers don't fire. */
  async rest(): Promise<void> {
    this.time.settle();
    while (this.journal.inFlight !== null) {
      await this.journal.finish();
      this.time.settle();
    }
  }

  /** Forgets what happened so far, so that a test reads only what comes. */
  clear(): void {
    for (const list of [this.replies, this.published, this.diary]) list.length = 0;
  }
}

/** A room where GALA is on sale. */
export async function openRoom(capacity = 10, parts: EngineRoomParts = {}): Promise<EngineRoom> {
  const room = new EngineRoom(parts);
  await room.serve(create(GALA, capacity));
  room.clear();
  return room;
}

/** Each answer's kind, or why it was refused. */
export function kindsOf(replies: readonly Reply[]): string[] {
  return replies.map(({ answer }) => (answer.kind === "rejected" ? answer.rejection.reason : answer.kind));
}
