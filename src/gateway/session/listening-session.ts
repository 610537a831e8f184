/**
 * A session as the hub sees it: what it is told and when it can take it, and how it ends. What it asks and is answered is in
 * session.ts, which extends this: one object for each connection, not two.
 */
import { SubscriberState, type PushFormat, type Subscriber } from "../../broadcast/subscriber.ts";
import type { SaleId } from "../../box-office/sale.ts";
import { CloseCode } from "../../protocol/close-codes.ts";
import type { Connection } from "../connection.ts";
import type { Desk } from "../desk.ts";
import type { Dialect } from "../dialect.ts";

/** How a connection speaks and what it is about. */
export interface SessionWay {
  readonly dialect: Dialect;
  readonly format: PushFormat;
  readonly sale: SaleId;
  readonly pushes: boolean;
}

export abstract class ListeningSession extends SubscriberState implements Subscriber {
  readonly format: PushFormat;
  protected readonly desk: Desk;
  protected readonly connection: Connection;
  protected readonly sale: SaleId;
  protected readonly isTcp: boolean;
  /** What to close with once the last reply has left; null while the conversation goes on. */
  protected ending: CloseCode | null = null;
  protected isClosed = false;
  /** Its connection will say when all that was sent has been taken. */
  #awaitsDrain = false;

  constructor(desk: Desk, connection: Connection, { dialect, format, sale, pushes }: SessionWay) {
    // A program says when it wants stock; people at a terminal want it from the start, classroom clients never.
    super({ stock: pushes && dialect.name === "text", notices: pushes });
    this.desk = desk;
    this.connection = connection;
    this.sale = sale;
    this.format = format;
    this.isTcp = connection.peer.transport === "tcp";
    const view = desk.counter.view(sale);
    if (view !== undefined) this.knowsAll(view.position.offset);
  }

  abstract get awaitsReply(): boolean;

  /** It flooded on after being refused: nothing of it is looked at any more. */
  abstract get isShutOut(): boolean;

  /** Reads on only while the client takes what it is told. */
  protected abstract readMoreOrLess(): void;

  get push(): SubscriberState {
    return this;
  }

  /** What kept it from being told what it is owed may be over. */
  catchUp(): void {
    if (this.owed) this.guarded(() => this.desk.hub.catchUp(this, this.sale));
  }

  glance(): number {
    return this.connection.backlog + this.toldOffset;
  }

  /**
   * Whoever leaves anything unread is told the newest once it has read it: what is written meanwhile would take memory, and
   * be old by the time it is read. Only before a goodbye, when there is no later, it is told anyway.
   */
  canTake(): boolean {
    const { backlog, midCommand } = this.connection;
    if (backlog > 0) {
      const { softBytes, hardBytes } = this.desk.limits.output;
      if (backlog > hardBytes) this.tooSlow();
      this.awaitDrain();
      if (backlog > (this.ending === null ? 0 : softBytes)) return false;
    }
    if (this.isClosed || midCommand) return false;
    return !this.isTcp || !this.awaitsReply;
  }

  /** Takes answers: doesn't leave more than the soft bound unread. */
  get keepsUp(): boolean {
    return this.connection.backlog <= this.desk.limits.output.softBytes;
  }

  write(bytes: Buffer): void {
    try {
      this.connection.write(bytes);
    } catch (cause) {
      this.fail(cause);
    }
  }

  tooSlow(): void {
    if (this.isClosed || this.ending !== null) return;
    this.desk.counts.slowReaders += 1;
    this.end(CloseCode.slowReader);
  }

  /** Ends the conversation now, whatever is due; nothing that still comes in is carried out. */
  end(code: CloseCode): void {
    // A flood isn't read again to be told something else.
    this.ending = this.isShutOut ? CloseCode.ruleBroken : code;
    this.connection.end(this.ending);
  }

  /** The server goes away: what would have come in the next round is told before. */
  sayGoodbye(): void {
    this.ending ??= CloseCode.goingAway;
    this.guarded(() => this.desk.hub.tellTheLast(this, this.sale));
    this.end(CloseCode.goingAway);
  }

  protected awaitDrain(): void {
    if (this.#awaitsDrain || this.ending !== null) return;
    this.#awaitsDrain = true;
    this.connection.whenSent(() => {
      this.#awaitsDrain = false;
      this.guarded(() => this.readMoreOrLess());
      this.catchUp();
    });
  }

  protected guarded(step: () => void): void {
    try {
      step();
    } catch (cause) {
      this.fail(cause);
    }
  }

  protected fail(cause: unknown): void {
    this.desk.counts.faults += 1;
    this.desk.report("a session failed and was closed", cause);
    // What came in the same bytes isn't taken any more: the answer before it is missing.
    this.ending = CloseCode.sessionFault;
    this.connection.end(CloseCode.sessionFault);
  }
}
