import type { Command } from "../../src/box-office/command.ts";
import { viewSale, type SaleId } from "../../src/box-office/sale.ts";
import { Hub, type HubLimits } from "../../src/broadcast/hub.ts";
import { SubscriberState, type PushFormat, type Subscriber } from "../../src/broadcast/subscriber.ts";
import { LIMITS } from "../../src/limits.ts";
import { create, GALA } from "./commands.ts";
import { ManualTime } from "./manual-time.ts";
import { Office } from "./office.ts";

/** Says only how many are left, like the text dialect. */
export const numbers: PushFormat = {
  showsState: false,
  stock: (view) => Buffer.from(`stock ${view.position.offset} ${view.available}\n`),
  notice: (notice) => Buffer.from(`notice ${notice.position.offset} ${notice.kind}\n`),
  presence: () => null,
};

/** Says everything, like the JSON dialect. */
export const details: PushFormat = {
  showsState: true,
  stock: (view) => Buffer.from(`stock ${view.position.offset} ${view.available} ${view.state}\n`),
  notice: (notice) => Buffer.from(`notice ${notice.position.offset} ${notice.kind}\n`),
  presence: (watching) => Buffer.from(`watching ${watching}\n`),
};

/** A connection as the hub sees it, which notes what it was told. */
export class Listener implements Subscriber {
  readonly format: PushFormat;
  readonly push;
  readonly heard: string[] = [];
  readonly writes: Buffer[] = [];
  awaitsReply = false;
  /** Reads, and nothing may come between now and its next reply. */
  isReading = true;
  /** How often it was told that it is too slow. */
  lost = 0;
  onWrite: () => void = () => {};

  constructor(format: PushFormat = details, wishes: { stock?: boolean; notices?: boolean } = {}) {
    this.format = format;
    this.push = new SubscriberState({ stock: wishes.stock ?? true, notices: wishes.notices ?? true });
  }

  glance(): number {
    return 0;
  }

  canTake(): boolean {
    return this.isReading;
  }

  write(bytes: Buffer): void {
    this.writes.push(bytes);
    this.hear(bytes);
    this.onWrite();
  }

  tooSlow(): void {
    this.lost += 1;
  }

  /** Takes pushes in that reach it by another way than `write`. */
  hear(bytes: Buffer): void {
    this.heard.push(...bytes.toString().split("\n").slice(0, -1));
  }
}

/** Those of production, with fewer notices to fill. */
export const HUB_LIMITS: HubLimits = { ...LIMITS.hub, notices: 8, resumedNotices: 5 };

/** A hub that hears from a real box office, with time in the test's hands. */
export class Stage {
  readonly time = new ManualTime();
  readonly office = new Office();
  readonly hub: Hub;
  /** Bytes of each write to one listener. */
  readonly delivered: number[] = [];

  constructor(limits: Partial<HubLimits> = {}, capacity = 100) {
    this.office.do(create(GALA, capacity));
    const view = viewSale(this.office.sale(GALA), this.office.epoch);
    this.hub = new Hub(
      {
        clock: this.time,
        scheduler: this.time,
        loop: this.time,
        limits: { ...HUB_LIMITS, ...limits },
        probe: { delivered: (bytes) => this.delivered.push(bytes) },
      },
      [view],
    );
  }

  /** Somebody who joins now and knows the stock as it is. */
  join(listener = new Listener(), sale: SaleId = GALA): Listener {
    listener.push.knowsAll(this.office.sale(sale).offset);
    this.hub.join(listener, sale);
    return listener;
  }

  /** What one durable batch causes. */
  happen(...commands: readonly Command[]): void {
    const offset = this.office.state.offset;
    const events = commands.flatMap((command) => this.office.do(command).events);
    const sales = new Set(
      events.flatMap((event) =>
        event.type === "purchased" ? event.items.map((item) => item.sale) : [event.sale],
      ),
    );
    const { epoch } = this.office;
    const views = [...sales].map((sale) => viewSale(this.office.sale(sale), epoch));
    this.hub.publish({ epoch, events, offset, views });
  }

  /** Takes what the listener is owed under its old wishes, then changes them, as a session does. */
  changeWishes(listener: Listener, wishes: Partial<Listener["push"]>, sale: SaleId = GALA): void {
    this.hub.changeWishes(listener, sale, wishes);
  }

  /** It reads again, and hears what it was owed. */
  drain(listener: Listener, sale: SaleId = GALA): void {
    listener.isReading = true;
    if (listener.push.owed) this.hub.catchUp(listener, sale);
  }
}
