/**
 * Takes what the engine made durable and owes it to every subscriber. The engine calls `publish` and goes on; what
 * each connection still has to hear is kept here as cursors (channel.ts) and delivered in rounds (round.ts).
 */
import type { SaleEvent } from "../box-office/event.ts";
import type { Position, SaleId, SaleView } from "../box-office/sale.ts";
import type { Cancel, Clock, Published, Scheduler } from "../engine/ports.ts";
import type { NoticeMessage } from "../protocol/messages.ts";
import { Channel } from "./channel.ts";
import { Pace, type LoopMeter, type PaceLimits } from "./pace.ts";
import { Round, type RoundLimits, type RoundParts } from "./round.ts";
import type { Subscriber, Wishes } from "./subscriber.ts";

export interface HubLimits extends PaceLimits, RoundLimits {
  /** Notices kept per sale for readers that lag. */
  readonly notices: number;
  /** Notices told to a client that resumes. */
  readonly resumedNotices: number;
  /** Shortest time between two presence messages. */
  readonly presenceMs: number;
}

export interface HubProbe {
  /** One write to one connection. */
  delivered(bytes: number): void;
}

export interface HubParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly loop: LoopMeter;
  readonly limits: HubLimits;
  readonly probe: HubProbe;
}

interface Room {
  readonly channel: Channel;
  readonly round: Round<Subscriber>;
}

export class Hub {
  readonly #parts: HubParts;
  readonly #roundParts: RoundParts;
  readonly #rooms = new Map<SaleId, Room>();
  #presenceTimer: Cancel | null = null;
  #subscribers = 0;

  constructor(parts: HubParts, views: Iterable<SaleView>) {
    this.#parts = parts;
    this.#roundParts = { ...parts, pace: new Pace(parts) };
    for (const view of views) this.#open(view);
  }

  /** Connections joined to any sale. */
  get subscribers(): number {
    return this.#subscribers;
  }

  publish(published: Published): void {
    const changed = new Set<Room>();
    const announced = new Set<Room>();
    for (const view of published.views) {
      const room = this.#rooms.get(view.sale) ?? this.#open(view);
      room.channel.update(view);
      changed.add(room);
    }
    published.events.forEach((event, i) => {
      const notice = noticeOf(event, { epoch: published.epoch, offset: published.offset + i });
      const room = notice === null ? undefined : this.#rooms.get(notice.sale as SaleId);
      if (notice === null || room === undefined) return;
      room.channel.announce(notice);
      announced.add(room);
    });
    for (const room of changed) room.round.request(announced.has(room));
  }

  /** From here on the member hears what happens in this sale; what is known already it doesn't. */
  join(member: Subscriber, sale: SaleId): void {
    const room = this.#room(sale);
    room.channel.add(member);
    room.round.memberCame();
    this.#subscribers += 1;
    this.#touchPresence();
  }

  leave(member: Subscriber, sale: SaleId): void {
    if (member.push.index !== -1) this.#remove(member, this.#room(sale));
  }

  /** Gives a member what it is owed now, if it can take it; called when a reply has left or a reader has drained. */
  catchUp(member: Subscriber, sale: SaleId): void {
    if (member.push.index !== -1) this.#deliver(member, this.#room(sale));
  }

  /** The same for one that is about to go: there will be no round to leave anything to. */
  tellTheLast(member: Subscriber, sale: SaleId): void {
    if (member.push.index !== -1 && member.canTake()) this.#giveOwed(member, this.#room(sale));
  }

  /** From here on the member hears other things; what happened before is told under its old wishes. */
  changeWishes(member: Subscriber, sale: SaleId, wishes: Partial<Wishes>): void {
    if (member.push.index !== -1) {
      const room = this.#room(sale);
      if (member.canTake()) this.#giveOwed(member, room);
      else room.channel.keepWishes(member);
    }
    Object.assign(member.push, wishes);
  }

  /**
   * The newest state of a sale and the notices after `from` that the member didn't hear because it wasn't there;
   * none when `from` is of another epoch, or the member has asked already. The member then knows that state.
   */
  resume(
    member: Subscriber,
    sale: SaleId,
    from: Position | undefined,
  ): { view: SaleView; missed: NoticeMessage[] } {
    const { view, notices } = this.#room(sale).channel;
    member.push.knowsAll(view.position.offset);
    const before = member.push.missedBefore;
    member.push.missedBefore = 0;
    if (from === undefined || from.epoch !== view.position.epoch) return { view, missed: [] };
    return { view, missed: notices.since(from.offset, before, this.#parts.limits.resumedNotices) };
  }

  /** How many there are of each sale's audience here; sales without one are left out. */
  *audiences(): Generator<readonly [SaleId, number]> {
    for (const [sale, { channel }] of this.#rooms)
      if (channel.members.length > 0) yield [sale, channel.members.length];
  }

  /** How many there are of a sale's audience in other processes. */
  hearElsewhere(sale: SaleId, count: number): void {
    const room = this.#rooms.get(sale);
    if (room === undefined || room.channel.elsewhere === count) return;
    room.channel.elsewhere = count;
    this.#touchPresence();
  }

  stop(): void {
    this.#presenceTimer?.cancel();
    for (const { round } of this.#rooms.values()) round.stop();
  }

  #deliver(member: Subscriber, room: Room): void {
    const { channel, round } = room;
    const { push } = member;
    if (!member.canTake()) {
      push.owed = true;
      return;
    }
    push.owed = false;
    // A reply tells the stock too. Who was just told, or is about to be, gets the stock of the next round instead:
    // a busy buyer then costs no pushes at all, and one that stops still ends on the true value.
    if (push.justTold || member.awaitsReply) {
      push.justTold = false;
      if (channel.owesOnlyStock(member)) {
        round.request(false);
        return;
      }
    }
    this.#giveOwed(member, room);
  }

  #giveOwed(member: Subscriber, room: Room): void {
    const owed = room.channel.owedTo(member);
    if (owed === null) return;
    if (owed === "lost") {
      this.#lose(member, room);
      return;
    }
    member.write(owed);
    this.#parts.probe.delivered(owed.length);
  }

  /** It leaves at once: its connection may take long to close, and it is to be told once. */
  #lose(member: Subscriber, room: Room): void {
    this.#remove(member, room);
    member.tooSlow();
  }

  #remove(member: Subscriber, { channel, round }: Room): void {
    channel.remove(member);
    round.memberMoved();
    this.#subscribers -= 1;
    this.#touchPresence();
  }

  #touchPresence(): void {
    const { scheduler, limits } = this.#parts;
    this.#presenceTimer ??= scheduler.after(limits.presenceMs, () => {
      this.#presenceTimer = null;
      for (const { channel, round } of this.#rooms.values())
        if (channel.refreshPresence()) round.request(false);
    });
  }

  #open(view: SaleView): Room {
    const channel = new Channel(view, this.#parts.limits.notices);
    const visit = (member: Subscriber): void => this.#deliver(member, room);
    const room: Room = { channel, round: new Round<Subscriber>(channel.members, visit, this.#roundParts) };
    this.#rooms.set(view.sale, room);
    return room;
  }

  #room(sale: SaleId): Room {
    const room = this.#rooms.get(sale);
    if (room === undefined) throw new Error(`sale ${sale} has no channel`);
    return room;
  }
}

function noticeOf(event: SaleEvent, position: Position): NoticeMessage | null {
  switch (event.type) {
    case "sold_out":
    case "opened":
    case "paused":
    case "closed":
      return { type: "notice", kind: event.type, sale: event.sale, position, at: event.at };
    case "restocked":
      return {
        type: "notice",
        kind: "restocked",
        sale: event.sale,
        position,
        at: event.at,
        quantity: event.quantity,
      };
    case "purchased":
    case "sale_created":
      return null;
  }
}
