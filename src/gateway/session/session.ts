/**
 * One connection's conversation, whatever its transport and dialect. Commands go to the queue in the order in which
 * they came; what is refused before the queue waits in its place, so answers always come in that order too.
 */
import type { Answer, Rejected } from "../../box-office/answer.ts";
import type { Command } from "../../box-office/command.ts";
import type { SaleView } from "../../box-office/sale.ts";
import type { Bought } from "../../engine/ports.ts";
import { CloseCode } from "../../protocol/close-codes.ts";
import type { Refusal } from "../../protocol/refusals.ts";
import type { Request } from "../../protocol/request.ts";
import type { Connection } from "../connection.ts";
import { nextSession, type Desk } from "../desk.ts";
import type { Dialect } from "../dialect.ts";
import { boughtBy, describeAnswer, describeRefusal, describeRequest, soldAt } from "../describe.ts";
import { FloodGuard } from "./flood-guard.ts";
import { GivenTickets } from "./given-tickets.ts";
import { ListeningSession, type SessionWay } from "./listening-session.ts";
import { OrderForm } from "./order-form.ts";
import { PendingCommand, type Asker } from "./pending-command.ts";
import { ReplyQueue, type Reply } from "./reply-queue.ts";
import { carryOut, subscribe, type Requester, type SessionRequest } from "./session-requests.ts";

const BUSY: Rejected = { kind: "rejected", rejection: { reason: "busy" } };

type Order = Extract<Request, { type: "query" | "buy" }>;

export class Session extends ListeningSession implements Asker {
  readonly #dialect: Dialect;
  readonly #number: number;
  /** Made for its first purchase. */
  #form: OrderForm | null = null;
  /** Made for its first command: most connections only watch. */
  #guard: FloodGuard | null = null;
  /** Made for its first command, too. */
  #queue: ReplyQueue | null = null;
  /** Null while it was given none. */
  #tickets: GivenTickets | null = null;
  #reading = true;

  constructor(desk: Desk, connection: Connection, way: SessionWay) {
    super(desk, connection, way);
    this.#dialect = way.dialect;
    this.#number = nextSession(desk);
    desk.hub.join(this, way.sale);
  }

  /** Takes one command. A fault in here ends this session and no other. */
  receive(text: string): void {
    if (this.ending !== null || this.isClosed || this.isShutOut) return;
    try {
      this.#receive(text);
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** Refuses something that never became a command, in its place. */
  refuse(refusal: Refusal): void {
    if (this.ending !== null || this.isClosed || this.isShutOut) return;
    this.guarded(() => {
      const what = `(${refusal.reason})`;
      const wait = this.#flood.take();
      if (wait === 0) this.#refuse(refusal, what, undefined);
      else this.#refuseFlood(wait, what, undefined);
    });
  }

  /** The client will send no more: whatever it asked is answered, then the connection is closed. */
  inputEnded(): void {
    this.guarded(() => this.#finish(CloseCode.goodbye));
  }

  /** The socket is gone; replies that are still due go nowhere. */
  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#guard?.cancel();
    this.desk.hub.leave(this, this.sale);
  }

  override get isShutOut(): boolean {
    return this.#guard !== null && this.#guard.isShutOut;
  }

  override get awaitsReply(): boolean {
    return this.#due > 0;
  }

  #receive(text: string): void {
    const request = this.#dialect.parse(text, this.desk.requestLimits);
    const wait = this.desk.rateLimit === 0 ? 0 : this.#flood.take();
    if (wait > 0) {
      this.#refuseFlood(wait, describeRequest(request, text, this.#dialect.name), requestId(request));
      return;
    }
    switch (request.type) {
      case "query":
      case "buy":
        this.#ask(request);
        return;
      case "refused":
        this.#refuse(request.refusal, describeRequest(request, text, this.#dialect.name), request.id);
        return;
      default:
        this.#answerHere(request, describeRequest(request, text, this.#dialect.name));
    }
  }

  /** What the queue has nothing to do with; it still waits for the answers before it. */
  #answerHere(request: SessionRequest, what: string): void {
    const tellsState = request.type === "subscribe" && request.snapshot;
    if (tellsState && this.#due > 0) {
      this.#sayState(what, (view) => subscribe(request, this.#requester, view));
      return;
    }
    this.#say(what, "ok", () => carryOut(request, this.#requester));
    if (request.type === "quit") this.#finish(CloseCode.goodbye);
  }

  /** Made anew each time: these requests are rare, and one of them may tell what the answers before it gave. */
  get #requester(): Requester {
    return {
      desk: this.desk,
      sale: this.sale,
      subscriber: this,
      isTcp: this.isTcp,
      tickets: this.#tickets,
    };
  }

  /** Among answers that are due the queue says what the state is in its place: the newest could be of one behind it. */
  #sayState(what: string, says: (view: SaleView) => readonly string[]): void {
    const place: { text: Reply["text"]; next: Reply | null } = { text: null, next: null };
    this.#replies.add(place);
    const told = (answer: Answer): readonly string[] => {
      this.#record(what, answer.kind === "stock" ? "ok" : describeAnswer(answer));
      return answer.kind === "stock" ? says(answer.view) : [this.#dialect.answer(answer, undefined)];
    };
    const reply = (answer: Answer): void =>
      this.guarded(() => {
        place.text = () => told(answer);
        this.#settle();
      });
    if (!this.desk.counter.submit({ command: { type: "query", sale: this.sale }, reply })) reply(BUSY);
    this.readMoreOrLess();
  }

  #ask(request: Order): void {
    const id = requestId(request);
    if (this.desk.counter.isFull()) {
      this.#refuseBusy(request, id);
      return;
    }
    const pending = new PendingCommand(this, this.#commandOf(request), describeRequest(request, ""), id);
    this.#replies.add(pending);
    if (!this.desk.counter.submit(pending)) this.answered(pending, BUSY);
    this.readMoreOrLess();
  }

  /**
   * The queue is full. With ten times the load that it can carry there are ten of these for each purchase, so nothing is
   * made for one of them but its line.
   */
  #refuseBusy(request: Order, id: string | undefined): void {
    this.#record(describeRequest(request, ""), describeAnswer(BUSY));
    const text = this.#dialect.answer(BUSY, id);
    if (this.#due === 0) this.connection.send(text);
    else this.#replies.addText(text);
    this.readMoreOrLess();
  }

  /** The queue's answer to one command; a fault in here ends this session and no other. */
  answered(pending: PendingCommand, answer: Answer): void {
    try {
      this.#record(pending.what, describeAnswer(answer), boughtBy(answer), soldAt(answer));
      this.#learn(answer);
      pending.text = this.#dialect.answer(answer, pending.id);
      // Numbers and codes: only the words of a refusal have accents, and an id may be of any alphabet.
      pending.isAscii = answer.kind !== "rejected" && pending.id === undefined;
      this.#settle();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #commandOf(request: Order): Command {
    if (request.type === "query") return { type: "query", sale: this.sale };
    this.#form ??= new OrderForm(this.desk, this.sale, this.connection.peer.address, this.#number);
    return this.#form.fill(request);
  }

  get #replies(): ReplyQueue {
    this.#queue ??= new ReplyQueue();
    return this.#queue;
  }

  /** Replies that haven't left. */
  get #due(): number {
    return this.#queue === null ? 0 : this.#queue.length;
  }

  get #flood(): FloodGuard {
    this.#guard ??= new FloodGuard(this.desk);
    return this.#guard;
  }

  /** A reply tells stock too, and gives tickets. */
  #learn(answer: Answer): void {
    if (answer.kind === "stock") {
      this.knowsAll(answer.view.position.offset);
      this.justTold = true;
    } else if (answer.kind === "receipt") {
      if (!answer.repeated) {
        this.knowsNumber(answer.position.offset);
        this.justTold = true;
      }
      this.#tickets ??= new GivenTickets(this.desk.limits.session.listedTickets);
      for (const item of answer.items) this.#tickets.add(item.codes, answer.repeated);
    }
  }

  /** @param wait milliseconds until the next command may come. */
  #refuseFlood(wait: number, what: string, id: string | undefined): void {
    this.#refuse({ reason: "rate_limited", retryAfterMs: Math.ceil(wait) }, what, id);
    if (!this.#flood.isPersistent || this.isShutOut || this.ending !== null || this.isClosed) return;
    this.#flood.shutOut(() => this.guarded(() => this.#finish(CloseCode.ruleBroken)));
    this.connection.stopReading();
  }

  #refuse(refusal: Refusal, what: string, id: string | undefined): void {
    const text = [this.#dialect.refusal(refusal, id)];
    this.#say(what, describeRefusal(refusal), () => text);
  }

  /** Says something in its place, at once if nothing is due before it; it stands there in the command log too. */
  #say(what: string, outcome: string, reply: () => readonly string[]): void {
    const text = (): readonly string[] => {
      this.#record(what, outcome);
      return reply();
    };
    this.#replies.add({ text, next: null });
    this.#settle();
    this.readMoreOrLess();
  }

  /** Sends every reply whose turn has come; when none is left, what waited for that. */
  #settle(): void {
    this.#replies.advance(this.connection);
    if (!this.#reading) this.readMoreOrLess();
    if (this.#due > 0) return;
    if (this.owed) this.desk.hub.catchUp(this, this.sale);
    if (this.ending !== null) this.#endSoon(this.ending);
  }

  /** What its last command caused is published in this same turn, right after the replies: it hears that too. */
  #endSoon(code: CloseCode): void {
    queueMicrotask(() => {
      if (!this.isClosed) this.desk.hub.catchUp(this, this.sale);
      this.connection.end(code);
    });
  }

  #finish(code: CloseCode): void {
    if (this.ending !== null || this.isClosed) return;
    this.ending = code;
    this.#settle();
  }

  /** Reads on only while the client takes its answers and not too many are due. */
  protected override readMoreOrLess(): void {
    if (this.isShutOut) return;
    const { session, output } = this.desk.limits;
    const backlog = this.connection.backlog;
    if (this.#reading) {
      if (this.#due < session.pendingReplies && backlog <= output.softBytes) return;
      this.#reading = false;
      this.connection.pause();
    } else if (this.#due <= session.pendingReplies / 2 && backlog <= output.softBytes / 2) {
      this.#reading = true;
      this.connection.resume();
      return;
    }
    if (backlog > 0) this.awaitDrain();
  }

  #record(command: string, outcome: string, bought?: Bought, at = this.desk.clock.now()): void {
    this.desk.recorder?.record(at, this.connection.peer, command, outcome, bought);
  }
}

function requestId(request: Request): string | undefined {
  if (request.type === "buy") return request.key;
  return request.type === "query" || request.type === "refused" ? request.id : undefined;
}
