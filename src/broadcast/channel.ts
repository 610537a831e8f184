/**
 * One sale's audience and what it has to hear. Stock is a value, so only the newest is kept; notices are events, so
 * each is. A member's cursors say what it knows already. That makes delivery idempotent: a round may visit a member
 * twice, late, or in any order, and it still hears everything once and never anything older after something newer.
 */
import type { SaleView } from "../box-office/sale.ts";
import type { NoticeMessage } from "../protocol/messages.ts";
import { NoticeLog } from "./notice-log.ts";
import { NO_FORMER_WISHES, type PushFormat, type Subscriber } from "./subscriber.ts";

interface Encoded {
  readonly format: PushFormat;
  /** Which of stock, presence and notices. */
  readonly key: number;
  /** The first notice. */
  readonly from: number;
  readonly bytes: Buffer;
}

/** Looked through one by one; a crowd that keeps up needs a few. */
const MOST_ENCODED = 16;

export class Channel {
  readonly members: Subscriber[] = [];
  readonly notices: NoticeLog;
  view: SaleView;
  watching = 0;
  /** Members of this sale in other processes. */
  elsewhere = 0;
  /** Offset at which the number left last changed. */
  #numberOffset: number;
  /** Offset at which anything else last changed that a stock tells. */
  #restOffset: number;
  #presenceVersion = 0;
  #someoneCame = false;
  /** Encoded pushes and what they hold, a handful at most; emptied whenever there is something new to say. */
  #encoded: Encoded[] = [];

  constructor(view: SaleView, noticeCapacity: number) {
    this.view = view;
    this.#numberOffset = view.position.offset;
    this.#restOffset = view.position.offset;
    this.notices = new NoticeLog(noticeCapacity);
  }

  add(member: Subscriber): void {
    member.push.index = this.members.length;
    member.push.nextNotice = this.notices.end;
    member.push.missedBefore = this.notices.end;
    this.members.push(member);
    this.#someoneCame = true;
  }

  /** The last member takes the place of the one that leaves, so that leaving costs the same in any crowd. */
  remove(member: Subscriber): void {
    const { index } = member.push;
    const last = this.members.pop();
    if (last !== undefined && last !== member) {
      this.members[index] = last;
      last.push.index = index;
    }
    member.push.index = -1;
  }

  update(view: SaleView): void {
    if (view.available !== this.view.available) this.#numberOffset = view.position.offset;
    if (!isSameButForNumbers(view, this.view)) this.#restOffset = view.position.offset;
    this.view = view;
    this.#encoded = [];
  }

  announce(notice: NoticeMessage): void {
    this.notices.add(notice);
    this.#encoded = [];
  }

  /** Counts the audience anew; true when there is something to tell. */
  refreshPresence(): boolean {
    const someoneCame = this.#someoneCame;
    this.#someoneCame = false;
    // As many as before, but not the same: whoever came hasn't been told.
    const watching = this.members.length + this.elsewhere;
    if (this.watching === watching) return someoneCame;
    this.watching = watching;
    this.#presenceVersion += 1;
    this.#encoded = [];
    return true;
  }

  /** Whether there is a newer stock for the member, and no notice. */
  owesOnlyStock(member: Subscriber): boolean {
    return this.#owesStock(member) && member.push.nextNotice === this.notices.end;
  }

  /**
   * Everything the member hasn't heard, in one piece of bytes: the newest stock first, then each notice. Its cursors
   * move as if it had been written. Null when there is nothing; "lost" when a notice it needs is no longer kept.
   */
  owedTo(member: Subscriber): Buffer | null | "lost" {
    const { push } = member;
    const { end, first } = this.notices;
    const stock = this.#owesStock(member);
    // Whoever is told is watching, so a count of none is from before it came.
    const presence = push.wantsPresence && push.toldPresence < this.#presenceVersion && this.watching > 0;
    const from = push.nextNotice;
    if (!stock && !presence && from === end) return null;
    if (from < first) return "lost";
    if (stock) push.knowsAll(this.view.position.offset);
    push.nextNotice = end;
    if (presence) push.toldPresence = this.#presenceVersion;
    const bytes = this.#encode(member, stock, presence, from);
    return bytes.length === 0 ? null : bytes;
  }

  /** What has happened so far is told under the wishes so far, though it may be heard later. */
  keepWishes({ push }: Subscriber): void {
    const { end } = this.notices;
    if (push.nextNotice === end || push.formerWishes.at(-1)?.before === end) return;
    push.formerWishes = [...push.formerWishes, { before: end, wantsNotices: push.wantsNotices }];
  }

  #owesStock({ format, push }: Subscriber): boolean {
    if (!push.wantsStock) return false;
    // A reply told a newer number than has been published yet, which will be right behind it: what is here is old.
    if (push.toldOffset > this.view.position.offset) return false;
    return (
      push.toldOffset < this.#numberOffset || (format.showsState && push.toldAllOffset < this.#restOffset)
    );
  }

  #encode(member: Subscriber, stock: boolean, presence: boolean, from: number): Buffer {
    const { format, push } = member;
    if (push.formerWishes.length > 0) {
      const bytes = this.#assemble(member, stock, presence, from);
      push.formerWishes = NO_FORMER_WISHES;
      return bytes;
    }
    const { wantsNotices } = push;
    const key = (stock ? 1 : 0) + (presence ? 2 : 0) + (wantsNotices ? 4 : 0);
    for (const known of this.#encoded) {
      if (known.key === key && known.from === from && known.format === format) return known.bytes;
    }
    const bytes = this.#assemble(member, stock, presence, from);
    if (this.#encoded.length < MOST_ENCODED) this.#encoded.push({ format, key, from, bytes });
    return bytes;
  }

  #assemble({ format, push }: Subscriber, stock: boolean, presence: boolean, from: number): Buffer {
    const parts = stock ? [format.stock(this.view)] : [];
    for (let sequence = from; sequence < this.notices.end; sequence++) {
      const notice = this.notices.at(sequence);
      const { wantsNotices } = push.formerWishes.find(({ before }) => sequence < before) ?? push;
      if (notice !== undefined && (wantsNotices || notice.kind === "sold_out"))
        parts.push(format.notice(notice));
    }
    const count = presence ? format.presence(this.watching) : null;
    return Buffer.concat(count === null ? parts : [...parts, count]);
  }
}

/** Figures that a purchase changes are told by its receipt too. */
function isSameButForNumbers(one: SaleView, other: SaleView): boolean {
  return (
    one.state === other.state &&
    one.capacity === other.capacity &&
    one.title === other.title &&
    one.opensAt === other.opensAt &&
    one.closesAt === other.closesAt
  );
}
