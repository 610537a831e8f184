import type { SaleView } from "../box-office/sale.ts";
import type { NoticeMessage } from "../protocol/messages.ts";
import type { RoundMember } from "./round.ts";

/** How pushes look on one kind of connection. Few exist, each is one object: encoded bytes are cached per format. */
export interface PushFormat {
  /** Whether a stock update says more than the number left, so that opening or closing is worth one too. */
  readonly showsState: boolean;
  stock(view: SaleView): Buffer;
  notice(notice: NoticeMessage): Buffer;
  /** Null where the dialect has no such message. */
  presence(watching: number): Buffer | null;
}

/** What a connection wants to hear beside sold out and what its replies tell. */
export type Wishes = Pick<SubscriberState, "wantsStock" | "wantsNotices">;

/** Whether it wanted the notices before this sequence number. */
export interface FormerWish {
  readonly before: number;
  readonly wantsNotices: boolean;
}

/** What nearly every connection has of former wishes. */
export const NO_FORMER_WISHES: readonly FormerWish[] = [];

/**
 * What the hub keeps about a connection; the hub alone changes it, but for what replies tell, `justTold` and presence. A
 * subscriber may extend it and be its own: one object less to fetch for each delivery.
 */
export class SubscriberState {
  /** Wants stock updates. */
  wantsStock: boolean;
  /** Wants notices other than sold out, which everyone gets. */
  wantsNotices: boolean;
  /** Wants to know how many are watching. */
  wantsPresence = false;
  /** Offset of the newest number this connection knows, from a push or from a reply to it. */
  toldOffset = -1;
  /** The same for all that a stock tells; a receipt tells only the number. */
  toldAllOffset = -1;
  /** A reply told it the stock since the last round. */
  justTold = false;
  /** Sequence number of the next notice to hear. */
  nextNotice = 0;
  /** Its former wishes, for notices that it couldn't hear before it changed them; oldest first. */
  formerWishes: readonly FormerWish[] = NO_FORMER_WISHES;
  /** Notices before this one happened while it wasn't here: the ones it may ask for when it resumes, once. */
  missedBefore = 0;
  /** Version of the newest presence it knows. */
  toldPresence = 0;
  /** Place in its channel's list; −1 when it is in none. */
  index = -1;
  /** Something waits until the connection can take it. */
  owed = false;

  constructor(wishes: { readonly stock: boolean; readonly notices: boolean }) {
    this.wantsStock = wishes.stock;
    this.wantsNotices = wishes.notices;
  }

  /** It was told how many were left then. */
  knowsNumber(offset: number): void {
    if (this.toldOffset < offset) this.toldOffset = offset;
  }

  /** It was told everything about the sale as it was then. */
  knowsAll(offset: number): void {
    this.knowsNumber(offset);
    if (this.toldAllOffset < offset) this.toldAllOffset = offset;
  }
}

export interface Subscriber extends RoundMember {
  readonly format: PushFormat;
  readonly push: SubscriberState;
  /** A reply is due, which tells the stock too. */
  readonly awaitsReply: boolean;
  /**
   * False while a push would come between a command and its reply where that isn't allowed, or the reader has left
   * anything unread. Once that is over, it asks the hub itself for what it was owed (`catchUp`).
   */
  canTake(): boolean;
  /** Writes encoded pushes; the bytes are shared with other connections and must not be changed. */
  write(bytes: Buffer): void;
  /** The hub can't keep its promise to this reader within its bounds. */
  tooSlow(): void;
}
