/**
 * The product: its engine, its core and its memory journal, unchanged. The work goes where the product has it. A wait
 * is one for storage, which the engine asks once for each batch; computing belongs to each decision, and decisions are
 * made one after the other.
 */
import type { Answer } from "../box-office/answer.ts";
import { createBoxOffice } from "../box-office/box-office.ts";
import type { Command } from "../box-office/command.ts";
import type { BuyerId, PurchaseKey, SaleId } from "../box-office/sale.ts";
import { Engine, type EngineLimits } from "../engine/engine.ts";
import type { EngineFault } from "../engine/fault.ts";
import type { Journal } from "../engine/ports.ts";
import { systemClock, systemEntropy, systemScheduler } from "../engine/system.ts";
import { openMemoryJournal } from "../journal/memory-journal.ts";
import { judge, type Outcome } from "./outcome.ts";
import type { Ground, RaceSettings } from "./race.ts";
import { workBetween, workHere, type Work } from "./work.ts";

const SALE = "lab" as SaleId;

export function openQueueGround(settings: RaceSettings, limits: Pick<EngineLimits, "batchCommands">): Ground {
  return {
    run: (_strategy, factors) => runOnce(settings, factors, limits.batchCommands),
    close: () => Promise.resolve(),
  };
}

/** @throws {EngineFault} if the engine gave up. */
function runOnce(settings: RaceSettings, factors: Float64Array, batchCommands: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const engine = openEngine(settings, factors, batchCommands, reject);
    raceFor(engine, settings).then(resolve, reject);
  });
}

async function raceFor(engine: Engine, { buyers, stock }: RaceSettings): Promise<Outcome> {
  await ask(engine, {
    type: "create",
    sale: SALE,
    title: SALE,
    capacity: stock,
    opensAt: null,
    closesAt: null,
  });
  const orders = Array.from({ length: buyers }, (_, buyer) => orderOf(buyer));
  const began = systemClock.monotonic();
  const answers = await Promise.all(orders.map((order) => ask(engine, order)));
  const ms = systemClock.monotonic() - began;
  const books = await ask(engine, { type: "query", sale: SALE });
  await engine.stop();
  if (books.kind !== "stock") throw new Error("the engine doesn't know its own sale");
  const remaining = answers.flatMap((answer) =>
    answer.kind === "receipt" ? answer.items.map((item) => item.remaining) : [],
  );
  return judge({ stock, buyers, remaining, counter: books.view.available, spoiled: 0, ms });
}

function openEngine(
  { buyers, stock, work }: RaceSettings,
  factors: Float64Array,
  batchCommands: number,
  fail: (fault: EngineFault) => void,
): Engine {
  const isComputing = work.kind === "spin";
  let decided = 0;
  return new Engine({
    state: createBoxOffice(),
    journal: isComputing ? openMemoryJournal({ epoch: 1 }) : slowJournal(work),
    clock: systemClock,
    scheduler: systemScheduler,
    rules: { maxQuantity: 1, maxCapacity: stock, maxSales: 1 },
    limits: { mailbox: buyers + 2, mailboxReserve: 1, batchCommands },
    probe: {
      decided: ({ type }, { kind }) => {
        if (type === "buy" && kind === "receipt" && isComputing) workHere(work, factors[decided++] ?? 1);
      },
      batch: () => undefined,
      synced: () => undefined,
    },
    publish: () => undefined,
    fail,
  });
}

/** Durable after the wait; the sale's creation, which comes first, doesn't count. */
function slowJournal(work: Work): Journal {
  const journal = openMemoryJournal({ epoch: 1 });
  return {
    ...journal,
    async append(events) {
      if (events[0]?.type === "purchased") await workBetween(work, 1);
      return journal.append(events);
    },
  };
}

function orderOf(buyer: number): Command {
  return {
    type: "buy",
    items: [{ sale: SALE, quantity: 1, codes: [systemEntropy.ticketCode()] }],
    buyer: `lab:${buyer}` as BuyerId,
    key: `.lab.${buyer}` as PurchaseKey,
    fresh: true,
  };
}

function ask(engine: Engine, command: Command): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isTaken = engine.submit({ command, reply: resolve });
    if (!isTaken) reject(new Error("the queue took no more"));
  });
}
