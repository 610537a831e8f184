/**
 * Bugs that somebody could write, planted one at a time where the parts are put together: a port that lies, or a
 * method that does something else for one history. Nothing in src/ knows of them. Each has to be caught
 * (planted-bugs.test.ts); one that isn't means that a check is missing.
 */
import type { TicketCode } from "../../src/box-office/sale.ts";
import { Purchases } from "../../src/box-office/purchases.ts";
import { Channel } from "../../src/broadcast/channel.ts";
import { Hub } from "../../src/broadcast/hub.ts";
import { NoticeLog } from "../../src/broadcast/notice-log.ts";
import { Round } from "../../src/broadcast/round.ts";
import { SubscriberState, type Subscriber } from "../../src/broadcast/subscriber.ts";
import { BatchDecider } from "../../src/engine/batch.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Mailbox } from "../../src/engine/mailbox.ts";
import type { Envelope } from "../../src/engine/ports.ts";
import { ReplyQueue } from "../../src/gateway/session/reply-queue.ts";
import { ListeningSession } from "../../src/gateway/session/listening-session.ts";
import { TcpClient } from "../../src/gateway/tcp/tcp-client.ts";
import { WebSocketConnection } from "../../src/gateway/websocket/websocket-connection.ts";
import {
  bound,
  commandsBecome,
  decideWith,
  DURABLE,
  isRotted,
  journalReadsAs,
  mutant,
  otherDisk,
  otherFiles,
  overtakingReplies,
  patch,
  patchGetter,
  submitting,
  takeWith,
  together,
  unboundedMailbox,
  type Mutant,
} from "./planting.ts";
import { DEFAULT_SALE } from "./process.ts";

export const MUTANTS: readonly Mutant[] = [
  // 1: the books.
  mutant("a purchase is decided on stock that was read before", [1, 2], {
    ...decideWith((server, decide) => {
      const sale = server.state.sales.get(DEFAULT_SALE as never);
      const before = sale === undefined ? 0 : Math.max(sale.available, 2);
      const missing = sale === undefined ? 0 : before - sale.available;
      if (sale !== undefined) sale.available += missing;
      if (sale !== undefined) sale.capacity += missing;
      decide();
      if (sale !== undefined) sale.capacity -= missing;
      if (sale !== undefined) sale.available -= missing;
    }),
  }),
  mutant("a ticket code is given twice", 1, {
    desk: (desk, { world }) => {
      let drawn = 0;
      const ticketCode = (): TicketCode => {
        drawn += 1;
        const given = [...world.ledger.purchases()].at(-1)?.codes[0];
        return drawn % 11 === 2 && given !== undefined ? (given as TicketCode) : desk.entropy.ticketCode();
      };
      return { ...desk, entropy: { random: () => 0, ticketCode } };
    },
    install: patch(Purchases.prototype, "hasCode", () => () => false),
  }),
  mutant("tickets are tallied twice", 1, {
    ...takeWith((server, batch) => {
      if (batch.events.some(({ type }) => type === "purchased"))
        for (const { sale } of batch.views) server.state.sales.get(sale)!.tickets += 1;
    }),
  }),
  mutant("the stock of one sale is taken from another", 3, {
    counter: commandsBecome((command) =>
      command.type === "buy"
        ? { ...command, items: command.items.map((item) => ({ ...item, sale: DEFAULT_SALE as never })) }
        : command,
    ),
  }),
  mutant("a restock is counted twice after a restart", 2, {
    state: (state, server) => {
      const { events } = server.world.ledger;
      const last = events.at(-1);
      if (last?.type === "restocked") {
        const sale = state.sales.get(last.sale as never)!;
        sale.available += last.quantity;
        sale.capacity += last.quantity;
      }
      return state;
    },
  }),

  // 2: durable before visible.
  mutant("the answer leaves before the sync", 2, {
    journal: (journal) => ({
      ...bound(journal),
      append: (events) => {
        void journal.append(events);
        return Promise.resolve(DURABLE);
      },
    }),
  }),
  mutant("a write that failed is taken for durable", 2, {
    journal: (journal) => ({
      ...bound(journal),
      append: async (events) => {
        await journal.append(events);
        return DURABLE;
      },
    }),
  }),
  mutant("the open segment isn't written through to the disk", 2, {
    disk: (disk) =>
      otherDisk(disk, { open: (path, mode) => disk.open(path, mode === "durable" ? "scratch" : mode) }),
  }),
  mutant("the sealed segment takes its name before it is synced", 2, {
    disk: otherFiles(() => ({ sync: () => Promise.resolve() })),
  }),
  mutant("directories are never synced", [2, 5], {
    disk: (disk) => otherDisk(disk, { syncDirectory: () => Promise.resolve() }),
  }),
  mutant("a short write counts as a whole one", [2, 3], {
    disk: otherFiles((file) => ({
      write: (bytes, start, length, position, done) =>
        file.write(bytes, start, length, position, (error, written) =>
          done(error, error === null && bytes.toString("latin1", 0, 4) === "BILe" ? length : written),
        ),
    })),
  }),
  mutant("recovery cuts the last good frame", 2, {
    disk: journalReadsAs((whole, server) => {
      const last = whole.lastIndexOf("BILe", undefined, "latin1");
      if (server.phase === "opening" && last > 600) whole.fill(0, last);
    }),
  }),
  mutant("a rotted last frame is taken for torn and cut", 2, {
    disk: journalReadsAs((whole) => {
      const last = whole.lastIndexOf("BILe", undefined, "latin1");
      if (last > 0 && isRotted(whole, last)) whole.fill(0, last);
    }),
  }),
  mutant("a snapshot that is newer than the journal is passed over", [2, 5], {
    disk: (disk) =>
      otherDisk(disk, {
        list: async (directory) => {
          const names = await disk.list(directory);
          if (!directory.endsWith("snapshots")) return names;
          const segments = new Set(await disk.list(directory.replace("snapshots", "journal")));
          return names.filter((name) => segments.has(name.replace(".snap", ".log")));
        },
      }),
  }),
  mutant("the newest segment isn't read where it follows a snapshot", [2, 5], {
    disk: (disk, server) =>
      otherDisk(disk, {
        list: async (directory) => {
          const names = await disk.list(directory);
          if (!directory.endsWith("journal") || server.phase !== "opening") return names;
          const logs = names.filter((name) => name.endsWith(".log")).toSorted();
          return logs.length < 3 ? names : logs.slice(0, -1);
        },
      }),
  }),
  mutant("a batch is written in two frames", 2, {
    journal: (journal) => ({
      ...bound(journal),
      append: async (events) => {
        if (events.length < 2) return journal.append(events);
        await journal.append(events.slice(0, 1));
        return journal.append(events.slice(1));
      },
    }),
  }),
  mutant("the hub is told before the batch is durable", 5, {
    journal: (journal, server) => ({
      ...bound(journal),
      append: (events) => {
        const { state, epoch } = server;
        const offset = state.offset - events.length;
        if (events.some(({ type }) => type === "restocked"))
          server.hub.publish({ epoch, events, offset, views: [] });
        return journal.append(events);
      },
    }),
  }),

  // 3: order.
  mutant("a refusal overtakes the answers before it", 3, { install: overtakingReplies }),
  mutant("what a full queue refuses behind answers that are due is forgotten", 3, {
    install: patch(ReplyQueue.prototype, "addText", () => () => undefined),
  }),
  mutant("the mailbox serves the newest first", 3, {
    install: patch(Mailbox.prototype, "take", (original) => {
      return function (this: Mailbox): Envelope | undefined {
        const taken: Envelope[] = [];
        for (let next = original.call(this); next !== undefined; next = original.call(this)) taken.push(next);
        const newest = taken.pop();
        for (const envelope of taken) this.offer(envelope, true);
        return newest;
      };
    }),
  }),
  mutant("the process before goes on writing", 3, {
    counter: submitting((send, envelope, { world }) => {
      world.former?.comeBack(envelope.command);
      return send(envelope.command, (answer) => envelope.reply(answer));
    }),
  }),
  mutant("the queue's clock is slow, so deadlines are applied late", 3, {
    clock: (clock) => ({ now: () => clock.now() - 60, monotonic: () => clock.monotonic() }),
  }),
  mutant("the queue's clock is fast, so deadlines are applied early", 3, {
    clock: (clock) => ({ now: () => clock.now() + 60, monotonic: () => clock.monotonic() }),
  }),
  mutant("nobody wakes the queue for a deadline", 3, {
    install: patchGetter(BatchDecider.prototype, "deadline", () => null),
  }),
  mutant("a restock is rounded to the dozen", 3, {
    counter: commandsBecome((command) =>
      command.type === "restock" ? { ...command, quantity: 12 } : command,
    ),
  }),
  mutant("who takes the last ticket is never answered", 3, {
    counter: submitting((send, envelope, { world }) =>
      send(envelope.command, (answer) => {
        if (answer.kind !== "receipt" || answer.items[0]!.remaining > 0) envelope.reply(answer);
        else world.count("mutant: answers kept back");
      }),
    ),
  }),

  // 4: one key buys once.
  mutant("keys are forgotten in a replay", 2, {
    state: (state, server) => {
      if (server.number > 1) Object.assign(state, { purchases: new Purchases() });
      return state;
    },
  }),
  mutant("a purchase after a restart isn't looked up by its key", 4, {
    counter: commandsBecome((command, server) =>
      command.type === "buy" && server.number > 1 ? { ...command, fresh: true } : command,
    ),
  }),
  mutant("a key's scope leaves out the buyer", 4, {
    install: patch(Purchases.prototype, "find", () => {
      return function (this: Purchases, sale, _buyer, key) {
        for (const purchase of this.ofSale(sale)) if (purchase.key === key) return purchase;
        return undefined;
      };
    }),
  }),
  mutant("a repeated receipt has the newest order number", 4, {
    counter: submitting((send, envelope, { state }) =>
      send(envelope.command, (answer) => {
        if (answer.kind !== "receipt" || !answer.repeated) return envelope.reply(answer);
        const orders = state.sales.get(answer.items[0]!.sale)!.orders;
        envelope.reply({ ...answer, items: answer.items.map((item) => ({ ...item, order: orders })) });
      }),
    ),
  }),
  mutant("another quantity with the same key gets the old receipt", 4, {
    counter: commandsBecome((command, { state }) => {
      if (command.type !== "buy") return command;
      const [item] = command.items;
      const earlier = state.purchases?.find(item!.sale, command.buyer, command.key);
      const quantity = earlier?.items[0]!.codes.length ?? item!.quantity;
      return { ...command, items: [{ ...item!, quantity }] };
    }),
  }),

  // 5: what subscribers hear.
  mutant("the last change before a quiet spell is told to nobody", 5, {
    install: patch(Round.prototype as Round<Subscriber>, "request", (original) => {
      const startedAt = new WeakMap<object, number>();
      return function (this: Round<Subscriber>, urgent: boolean): void {
        const rounds = startedAt.get(this) ?? 0;
        startedAt.set(this, rounds + 1);
        if (urgent || rounds % 3 !== 2) original.call(this, urgent);
      };
    }),
  }),
  mutant("a notice waits for the rhythm of the stock and is conflated", 5, {
    install: patch(NoticeLog.prototype, "add", (original) => {
      let last = -1;
      return function (this: NoticeLog, notice): void {
        if (notice.kind === "restocked" && notice.at - last < 40) return;
        last = notice.at;
        original.call(this, notice);
      };
    }),
  }),
  mutant("a notice is told twice after a resume", 5, {
    install: patch(Channel.prototype, "add", (original) => {
      return function (this: Channel, member: Subscriber): void {
        original.call(this, member);
        member.push.nextNotice = Math.max(this.notices.first, this.notices.end - 1);
      };
    }),
  }),
  mutant("a stalled reader's notices are forgotten", 5, {
    install: patch(Hub.prototype, "catchUp", (original) => {
      return function (this: Hub, member: Subscriber, sale): void {
        if (!member.canTake()) member.push.nextNotice += 1;
        original.call(this, member, sale);
      };
    }),
  }),
  mutant("nobody hears when a stalled reader has read", 5, {
    install: together(
      patch(WebSocketConnection.prototype, "whenSent", () => () => undefined),
      patch(TcpClient.prototype, "whenSent", () => () => undefined),
    ),
  }),
  mutant("the newest stock is taken from the purchase, in any order", 5, {
    install: patch(Channel.prototype, "update", (original) => {
      let before: Parameters<Channel["update"]>[0] | null = null;
      return function (this: Channel, view): void {
        original.call(this, before?.sale === view.sale && view.position.offset % 5 === 4 ? before : view);
        before = view;
      };
    }),
  }),
  mutant("a receipt hides what else has changed", 5, {
    install: patch(SubscriberState.prototype, "knowsNumber", (original) => {
      return function (this: SubscriberState, offset: number): void {
        original.call(this, offset);
        this.toldAllOffset = this.toldOffset;
      };
    }),
  }),
  mutant("a resumed client gets all notices of the epoch", 5, {
    install: patch(NoticeLog.prototype, "since", (original) => {
      return function (this: NoticeLog, _offset: number, before: number, limit: number) {
        return original.call(this, -1, before, limit);
      };
    }),
  }),
  mutant("who unsubscribed still hears the stock", 5, {
    install: patch(Hub.prototype, "changeWishes", (original) => {
      return function (this: Hub, member, sale, wishes): void {
        original.call(this, member, sale, { ...wishes, wantsStock: true });
      };
    }),
  }),
  mutant("each start has the same epoch", 2, {
    journal: (journal) => Object.defineProperty(bound(journal), "epoch", { value: 1 }),
  }),

  // 6: nobody hurts the others.
  mutant("a slow reader gets everything at once", 6, {
    install: together(
      patch(ListeningSession.prototype, "canTake", (original) => {
        return function (this: ListeningSession): boolean {
          return this.format.showsState || original.call(this);
        };
      }),
      patch(ListeningSession.prototype, "tooSlow", () => () => undefined),
    ),
  }),
  mutant("the queue waits for the slowest reader", 6, {
    journal: (journal, server) => ({
      ...bound(journal),
      append: async (events) => {
        const result = await journal.append(events);
        while ([...server.links].some(({ backlog, isStalled }) => isStalled && backlog > 100))
          await new Promise<void>((resolve) => server.time.after(10, resolve));
        return result;
      },
    }),
  }),
  mutant("a reader that is too slow is kept for ever", 6, {
    install: patch(ListeningSession.prototype, "tooSlow", () => () => undefined),
  }),
  mutant("the mailbox has no bound", 6, { install: unboundedMailbox }),
  mutant("now and then a command is taken and forgotten", 3, {
    install: patch(Engine.prototype, "submit", (original) => {
      let count = 0;
      return function (this: Engine, envelope, priority): boolean {
        count += 1;
        if (count % 40 === 39 && priority === undefined) return true;
        return original.call(this, envelope, priority);
      };
    }),
  }),
  mutant("a full disk stops the sale", 6, {
    journal: (journal, server) => ({
      ...bound(journal),
      append: (events) =>
        server.world.timeline.now > server.world.platter.faults.fullUntil
          ? journal.append(events)
          : Promise.resolve({ kind: "unknown", message: "the disk is full", cause: null }),
      hasRoom: () => journal.hasRoom(),
    }),
  }),
];
