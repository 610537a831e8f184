/**
 * Hears every byte that the server says on one connection, in the instant in which it leaves, and knows what it must
 * mean: the answers that are due, in order, and what a subscriber has to be told, from what the ledger says. Which notices
 * are left to tell is counted in owed-notices.ts, and which tickets were given in given-tickets.ts.
 */
import { GivenTickets } from "./given-tickets.ts";
import { stateOf, type Books, type Ledger, type Notice, type Position } from "./ledger.ts";
import { isView, type Meaning } from "./meaning.ts";
import { OwedNotices } from "./owed-notices.ts";
import type { Asker, Taken } from "./taken.ts";
import { asText, NOTICE_WORDS, RATE_LIMITED, type Json } from "./words.ts";
import { broken } from "./violation.ts";

export interface Question {
  readonly type: "query" | "buy" | "tickets" | "on" | "off" | "resume" | "line";
  readonly id?: string;
  readonly quantity?: number;
  readonly key?: string;
  readonly buyer?: string;
  readonly from?: Position;
  /** The one answer that there is, on text; the reason on JSON. */
  readonly line?: string;
  /** Sent without a line end: it counts as a command after a silence. */
  readonly isBare?: boolean;
}

export interface Due {
  readonly question: Question;
  /** When it had come in, on the timeline. */
  readonly since: number;
  taken: Taken | null;
  meaning: Meaning | null;
  /** The offset up to which the hub had been told when its turn came. */
  boundary: number | null;
}

export interface EarParts {
  readonly dialect: "text" | "json";
  readonly transport: "ws" | "tcp";
  readonly sale: string;
  readonly address: string;
  readonly ledger: Ledger;
  readonly epoch: number;
  /** The offset up to which the hub has been told. */
  readonly published: () => number;
  readonly now: () => number;
  /** Which step of the history this is; what belongs together is said within one. */
  readonly step: () => number;
  readonly rateLimited: boolean;
  readonly resumedNotices: number;
  readonly keptNotices: number;
}

export class Ear implements Asker {
  readonly #parts: EarParts;
  readonly dues: Due[] = [];
  readonly #notices: OwedNotices;
  readonly #tickets = new GivenTickets();
  #wantsStock: boolean;
  #hasHello = false;
  /** The last number that it was told, and the earliest event after which that was true. */
  #number: number | null;
  #told: number;
  /** What it was told last of all that a stock tells; a receipt tells only the number. */
  #whole: Books;
  /** In which step a stock came that may have been a push just before the answer to a second `subscribe`, or that answer. */
  #ambiguousAt = -1;
  /** Bytes have come in that aren't a command yet. */
  midCommand = false;
  quietSince = 0;
  /** The command that the server is taking in just now, where a message is one. */
  reading: Due | null = null;
  pushes = 0;
  /** How often it subscribed while answers were due. */
  subscribedAmong = 0;
  /** Commands that were refused for coming too fast. */
  refusals = 0;

  constructor(parts: EarParts) {
    this.#parts = parts;
    const { transport, dialect, ledger, sale } = parts;
    const joined = parts.published();
    this.#notices = new OwedNotices({ ...parts, joined }, transport === "ws");
    this.#wantsStock = transport === "ws" && dialect === "text";
    const books = ledger.states[joined]![sale]!;
    this.#number = books.available;
    this.#told = books.offset;
    this.#whole = books;
  }

  get resumedWith(): number {
    return this.#notices.resumedWith;
  }

  /** A command has come in whole. */
  expect(question: Question): void {
    const turn = this.dues.every(({ question: { type }, meaning }) => !isAsked(type) || meaning !== null);
    this.dues.push({
      question,
      since: this.#parts.now(),
      taken: null,
      meaning: null,
      boundary: turn && !isAsked(question.type) && question.isBare !== true ? this.#parts.published() : null,
    });
  }

  asked(taken: Taken): void {
    const { command } = taken;
    const due =
      this.reading ??
      this.dues.find(
        ({ question: { type }, taken, meaning }) => isAsked(type) && taken === null && meaning === null,
      );
    if (due === undefined)
      return broken(3, "asked by nobody", `nobody here asked ${JSON.stringify(command)}`);
    due.taken = taken;
    const { question } = due;
    // One that subscribes among other commands is told the state of its place among them.
    if (question.type === "resume" && command.type === "query") {
      this.subscribedAmong += 1;
      return;
    }
    if (command.type !== question.type)
      broken(3, "commands of a connection", `${question.type} was asked, ${command.type} was carried out`);
    if (command.type !== "buy") return;
    const item = command.items[0]!;
    const buyer = question.buyer ?? `ip:${this.#parts.address}`;
    if (item.sale !== this.#parts.sale || item.quantity !== question.quantity)
      broken(3, "another purchase", `${JSON.stringify(question)} became ${JSON.stringify(command)}`);
    if (command.buyer !== buyer || (question.key !== undefined && command.key !== question.key))
      broken(4, "key's scope", `${JSON.stringify(question)} of ${buyer} became ${JSON.stringify(command)}`);
  }

  means(taken: Taken | null, meaning: Meaning): void {
    // What the queue refuses at once is what is being read, though a reply made before it may not have left yet.
    const at =
      taken === null && this.reading !== null
        ? this.dues.indexOf(this.reading)
        : this.dues.findIndex(
            ({ question: { type }, taken: asked, meaning }) =>
              (isAsked(type) || type === "resume") && meaning === null && asked === taken,
          );
    if (at === -1) return;
    this.dues[at]!.meaning = meaning;
    // Whatever waited for nothing but this answer has its turn now.
    for (const due of this.dues.slice(at + 1)) {
      if (!isAsked(due.question.type)) due.boundary ??= this.#parts.published();
      else if (due.meaning === null) break;
    }
  }

  /** One message or line left the server. @returns the question that it answers, if it is an answer. */
  hear(text: string): Due | null {
    return this.#parts.dialect === "json" ? this.#hearJson(JSON.parse(text) as Json) : this.#hearText(text);
  }

  /** The server says goodbye. */
  goodbye(code: number): void {
    if ((code === 1000 || code === 1001) && this.dues.length > 0)
      broken(3, "goodbye before answers", `closed with ${code}; unanswered: ${JSON.stringify(this.dues[0])}`);
  }

  /** What a reader who keeps up should know by now. @param quietMs how long nothing has kept the hub from telling it. */
  assertInformed(quietMs: number, boundMs: number): void {
    this.#notices.judge(this.#parts.published());
    const { ledger, sale } = this.#parts;
    const waited = this.#parts.now() - this.quietSince;
    if (waited < boundMs || this.dues.length > 0 || this.midCommand) return;
    const late = this.#notices.oldest;
    if (late !== undefined && this.#parts.now() - late.since > boundMs)
      broken(5, "notice missing", `${late.notice.kind} of event ${late.notice.position.offset} wasn't told`);
    if (!this.#wantsStock || quietMs < boundMs) return;
    const books = ledger.states[this.#parts.published()]![sale]!;
    if (this.#number !== books.available)
      broken(
        5,
        "stale stock",
        `${books.available} are left, it still believes ${this.#number} (event ${this.#told})`,
      );
    if (this.#parts.dialect === "text" || toldBy(books) === toldBy(this.#whole)) return;
    broken(5, "stale stock", `it is ${toldBy(books)}, it still believes ${toldBy(this.#whole)}`);
  }

  #hearText(text: string): Due | null {
    if (text.startsWith("ESTOQUE: ")) {
      this.#push();
      this.#number = Number(text.slice(9));
      this.#told = this.#newest(this.#number, this.#told + 1);
      return null;
    }
    if (text.startsWith("AVISO: ")) {
      this.#push();
      this.#hearNotice((notice) => NOTICE_WORDS(notice) === text.slice(7), text);
      return null;
    }
    const due = this.#next(text);
    const { question, meaning } = due;
    const mayBeTooFast = due.taken === null || this.#parts.transport === "tcp";
    if (this.#parts.rateLimited && RATE_LIMITED.test(text) && mayBeTooFast) {
      this.refusals += 1;
      this.#passOn(due);
      return due;
    }
    if (isAsked(question.type)) {
      if (meaning === null)
        return broken(3, "answer before its turn", `${JSON.stringify(question)}: ${text}`);
      this.#same(asText(meaning), text, question);
      this.#learn(meaning);
    } else if (question.type === "tickets") this.#sameTickets(text, question);
    else {
      this.#same(question.line!, text, question);
      if (question.type === "on" || question.type === "off") this.#wish(question.type === "on", due);
    }
    return due;
  }

  /** Lines of one read can't be told apart while they are taken in: what was carried out was asked by one behind. */
  #passOn({ taken, meaning }: Due): void {
    let carried = { taken, meaning };
    for (const due of this.dues) {
      if (carried.taken === null) return;
      if (!isAsked(due.question.type)) continue;
      const { taken, meaning } = due;
      Object.assign(due, carried);
      carried = { taken, meaning };
    }
    if (carried.taken !== null)
      broken(3, "refused and carried out", `command ${carried.taken.number} was refused for coming too fast`);
  }

  #hearJson(message: Json): Due | null {
    switch (message.type) {
      case "hello":
        if (this.#hasHello || message.sale !== this.#parts.sale)
          broken(0, "hello", `an unexpected ${JSON.stringify(message)}`);
        this.#hasHello = true;
        return null;
      case "presence":
        return null;
      case "notice":
        this.#hearJsonNotice(message);
        return null;
      case "stock":
        if (message.id === undefined) return this.#hearJsonStock(message);
    }
    if (!this.#hasHello) broken(0, "hello", `${message.type} came before it`);
    const due = this.#next(JSON.stringify(message));
    const { question, meaning } = due;
    if (message.id !== question.id)
      broken(3, "answer order", `${JSON.stringify(message)} answers ${JSON.stringify(question)}`);
    if (this.#parts.rateLimited && message.reason === "rate_limited" && due.taken === null) {
      this.refusals += 1;
      return due;
    }
    if (question.type === "line") {
      this.#same(question.line!, message.reason ?? message.code ?? message.type, question);
      return due;
    }
    if (meaning === null) return broken(3, "answer before its turn", JSON.stringify(message));
    this.#sameJson(meaning, message);
    this.#learn(meaning);
    return due;
  }

  #sameJson(meaning: Meaning, message: Json): void {
    if (meaning.kind === "stock") this.#assertView(message, meaning.books);
    else if (meaning.kind === "receipt") {
      const { sale, codes, remaining, order, position, at } = meaning.bought;
      this.#same(
        JSON.stringify(["receipt", sale, codes, remaining, order, position.epoch, position.offset, at]),
        JSON.stringify([
          message.type,
          message.sale,
          message.tickets?.map(({ code }) => code),
          message.remaining,
          message.order,
          message.position?.epoch,
          message.position?.offset,
          message.at,
        ]),
        message,
      );
    } else {
      const { reason, remaining, waitMs } = meaning;
      this.#same(
        JSON.stringify(["rejected", reason, remaining, waitMs]),
        JSON.stringify([message.type, message.reason, message.remaining, message.retryAfterMs]),
        message,
      );
    }
  }

  #hearJsonStock(message: Json): Due | null {
    const { position } = message;
    const { ledger, sale, epoch } = this.#parts;
    const books = ledger.states[position!.offset + 1]?.[sale];
    if (books === undefined)
      return broken(
        2,
        "stock of the future",
        `${JSON.stringify(message)}, ${ledger.length} events are durable`,
      );
    this.#assertView(message, books);
    if (position!.epoch !== epoch) broken(5, "epoch", `${JSON.stringify(message)} in epoch ${epoch}`);
    const first = this.dues[0];
    if (first?.question.type === "resume" && mayAnswer(first, books)) {
      if (books.offset < this.#told) broken(5, "older stock", `event ${books.offset} after ${this.#told}`);
      const due = this.#next("stock");
      if (due.meaning?.kind === "stock") this.#assertView(message, due.meaning.books);
      if (this.#notices.hasResumed && books.offset > this.#whole.offset)
        this.#ambiguousAt = this.#parts.step();
      this.#notices.resume(first.question.from);
      this.#wantsStock = true;
      this.#tellWhole(books);
      return due;
    }
    if (books.offset === this.#told && this.#ambiguousAt === this.#parts.step()) {
      this.#ambiguousAt = -1;
      return null;
    }
    this.#push();
    if (!this.#wantsStock) broken(5, "unwanted stock", JSON.stringify(message));
    if (books.offset < this.#told || books.offset <= this.#whole.offset)
      broken(5, "older stock", `event ${books.offset} after ${this.#told}`);
    this.#tellWhole(books);
    return null;
  }

  #tellWhole(books: Books): void {
    this.#number = books.available;
    this.#told = books.offset;
    this.#whole = books;
  }

  #hearJsonNotice(message: Json): void {
    const { kind, position, quantity, at } = message;
    const is = (notice: Notice): boolean =>
      notice.kind === kind &&
      notice.position.epoch === position!.epoch &&
      notice.position.offset === position!.offset &&
      notice.quantity === quantity &&
      notice.at === at;
    if (position!.offset >= this.#parts.ledger.length)
      broken(2, "notice of the future", JSON.stringify(message));
    if (this.#notices.hearMissed(is, JSON.stringify(message))) return;
    this.#push();
    this.#hearNotice(is, JSON.stringify(message));
  }

  #hearNotice(is: (notice: Notice) => boolean, what: string): void {
    const notice = this.#notices.hear(is, what, this.#parts.published());
    if (notice.kind !== "sold_out" || !this.#wantsStock) return;
    const { ledger, sale } = this.#parts;
    for (let state = notice.position.offset; state <= ledger.length; state++)
      if (ledger.states[state]![sale]?.available === this.#number) return;
    broken(5, "notice before stock", `${what} was told to one who believes that ${this.#number} are left`);
  }

  #wish(on: boolean, { boundary }: Due): void {
    this.#notices.judge(boundary ?? this.#parts.published());
    this.#wantsStock = on;
    if (this.#parts.transport === "tcp") this.#notices.wantsAll = on;
    this.quietSince = this.#parts.now();
  }

  #push(): void {
    this.pushes += 1;
    this.#notices.assertNoneMissed();
    if (this.#parts.transport === "tcp" && (this.dues.length > 0 || this.midCommand))
      broken(0, "push within a conversation", "TCP: a push came between a command and its reply");
  }

  #next(text: string): Due {
    const due = this.dues.shift();
    if (due === undefined) return broken(3, "answer to nothing", `nobody asked for ${text}`);
    this.#notices.assertNoneMissed();
    if (this.dues.length === 0) this.quietSince = this.#parts.now();
    return due;
  }

  /** The answers tell stock and give tickets too. */
  #learn(meaning: Meaning): void {
    if (meaning.kind === "receipt") {
      const { bought, repeated } = meaning;
      this.#tickets.add(bought.codes, repeated);
      if (!repeated) this.#learnStock(bought.remaining, bought.position.offset);
    } else if (meaning.kind === "stock") {
      this.#learnStock(meaning.books.available, meaning.books.offset);
      this.#whole = meaning.books;
    }
  }

  #learnStock(available: number, offset: number): void {
    if (offset < this.#told) broken(5, "older stock", `a reply told event ${offset} after ${this.#told}`);
    this.#number = available;
    this.#told = offset;
  }

  /** The first event from `from` on after which so many were left. */
  #newest(available: number, from: number): number {
    const { ledger, sale, published } = this.#parts;
    if (!this.#wantsStock) broken(5, "unwanted stock", `ESTOQUE: ${available}`);
    for (let offset = from; offset < published(); offset++)
      if (ledger.states[offset + 1]![sale]?.available === available) return offset;
    return broken(5, "older stock", `ESTOQUE: ${available}, which never was so after event ${this.#told}`);
  }

  #sameTickets(text: string, question: Question): void {
    const { line } = this.#tickets;
    if (line === null) this.#tickets.assertGiven(text);
    else this.#same(line, text, question);
  }

  #assertView(message: Json, books: Books): void {
    const { epoch, ledger } = this.#parts;
    if (message.position!.offset >= ledger.length)
      broken(2, "stock of the future", `${JSON.stringify(message)}, ${ledger.length} events are durable`);
    if (!isView(message as never, books, epoch))
      broken(5, "wrong stock", `${JSON.stringify(message)} instead of ${JSON.stringify(books)}`);
  }

  #same(expected: string, heard: string, question: unknown): void {
    if (heard !== expected)
      broken(3, "wrong words", `${JSON.stringify(question)} was answered «${heard}», not «${expected}»`);
  }
}

/** What a stock tells and a receipt doesn't. */
function toldBy(books: Books): string {
  return `${stateOf(books)}, ${books.capacity} in all`;
}

export function isAsked(type: Question["type"]): boolean {
  return type === "query" || type === "buy";
}

/** What it is owed under its former wishes may come as a push just before the answer to `subscribe`. */
function mayAnswer({ taken, meaning }: Due, books: Books): boolean {
  // One that the full queue refused was never taken, and no stock answers it.
  if (meaning === null) return taken === null;
  return meaning.kind === "stock" && meaning.books.offset === books.offset;
}
