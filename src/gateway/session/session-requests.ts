/**
 * What a connection asks for itself: help, the tickets that it was given, what it wants to hear, to leave. The queue has
 * nothing to do with these. When each is carried out is the session's business, since answers come in the order of the
 * commands; what it then does and says stands here, so that the session can be read as the way of a purchase.
 *
 * They are functions that are lent what they need: most connections only watch, and keep nothing for what they never ask.
 */
import type { Subscriber } from "../../broadcast/subscriber.ts";
import type { SaleId, SaleView } from "../../box-office/sale.ts";
import type { Request } from "../../protocol/request.ts";
import { formatTickets, TEXT } from "../../protocol/text.ts";
import type { Desk } from "../desk.ts";
import type { GivenTickets } from "./given-tickets.ts";
import { resumeMessages } from "./resume.ts";

export type SessionRequest = Exclude<Request, { type: "query" | "buy" | "refused" }>;
type Subscribe = Extract<Request, { type: "subscribe" }>;

/** The session that asks, as it is when the turn of its request has come. */
export interface Requester {
  readonly desk: Desk;
  readonly sale: SaleId;
  readonly subscriber: Subscriber;
  readonly isTcp: boolean;
  /** Null while it was given none. */
  readonly tickets: GivenTickets | null;
}

/** @returns the lines or messages that answer it. */
export function carryOut(request: SessionRequest, requester: Requester): readonly string[] {
  switch (request.type) {
    case "help":
      return [TEXT.help];
    case "tickets":
      return [formatTickets(requester.tickets?.newest ?? [], requester.tickets?.total ?? 0)];
    case "subscribe":
      return subscribe(request, requester);
    case "unsubscribe":
      changeWishes(requester, false);
      return [TEXT.unsubscribed];
    case "quit":
      return [TEXT.goodbye];
  }
}

/** @param inOrder the state in this request's place among answers; the newest there is if none was due before it. */
export function subscribe(request: Subscribe, requester: Requester, inOrder?: SaleView): readonly string[] {
  const { desk, sale, subscriber } = requester;
  const { push } = subscriber;
  changeWishes(requester, true);
  if (!request.snapshot) return [TEXT.subscribed];
  push.wantsPresence = true;
  push.owed = true;
  const { view, missed } = desk.hub.resume(subscriber, sale, request.from);
  const newest = inOrder ?? desk.counter.view(sale) ?? view;
  push.knowsAll(newest.position.offset);
  return resumeMessages(newest, missed);
}

/** What happened under the old wishes is still told under them. */
function changeWishes({ desk, sale, subscriber, isTcp }: Requester, subscribed: boolean): void {
  const wishes = { wantsStock: subscribed, ...(isTcp ? { wantsNotices: subscribed } : {}) };
  desk.hub.changeWishes(subscriber, sale, wishes);
  // What changed while nobody told it is told behind the reply.
  if (subscribed) subscriber.push.owed = true;
}
