/**
 * Holds the books of a sale against what its buyers remember. Every purchase leaves a stock that no other leaves, so
 * even a receipt in text, which tells only what is left, is of exactly one purchase in the books.
 */
import { isOpen, type Attempt, type Recording, type Sighting } from "./recording.ts";

/** One purchase as the list of tickets has it. */
export interface Purchase {
  readonly order: number;
  readonly codes: readonly string[];
}

/** What the server says of a sale: its audit, and its list of tickets grouped by purchase. */
export interface Books {
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly tickets: number;
  readonly balanced: boolean;
  readonly purchases: readonly Purchase[];
}

export interface Finding {
  /**
   * `lost`: it was answered and isn't there. `duplicated`: one wish, or one ticket, is there twice. `invented`:
   * nobody asked for it. `unbalanced`, `order` and `stock`: the books, the order or what was shown contradict themselves.
   */
  readonly kind: "lost" | "duplicated" | "invented" | "unbalanced" | "order" | "stock";
  readonly what: string;
}

interface Entry {
  readonly purchase: Purchase;
  readonly remaining: number;
  holder: Attempt | null;
}

/** @returns nothing when all is well. */
export function examine(recording: Recording, books: Books): Finding[] {
  const entries = entriesOf(books);
  return [
    ...balance(books),
    ...orderOfArrival(books.purchases),
    ...codesOnce(books.purchases),
    ...answered(recording.attempts, entries),
    ...unasked(recording.attempts, entries),
    ...stockShown(recording.sightings, books),
  ];
}

/** By order. */
function entriesOf({ capacity, purchases }: Books): Map<number, Entry> {
  let remaining = capacity;
  return new Map(
    purchases.map((purchase) => {
      remaining -= purchase.codes.length;
      return [purchase.order, { purchase, remaining, holder: null }];
    }),
  );
}

function balance(books: Books): Finding[] {
  const { capacity, available, held, sold, tickets, balanced, purchases } = books;
  const listed = purchases.reduce((sum, { codes }) => sum + codes.length, 0);
  const sum = available + held + sold;
  const complaints = [
    balanced ? null : "the server says that its books don't balance",
    sum === capacity ? null : `available, held and sold are ${sum}, the capacity is ${capacity}`,
    available >= 0 ? null : `${available} tickets are available`,
    sold === tickets && sold === listed ? null : `${sold} sold, ${tickets} tickets, ${listed} in the list`,
  ];
  return complaints.flatMap((what) => (what === null ? [] : { kind: "unbalanced", what }));
}

function orderOfArrival(purchases: readonly Purchase[]): Finding[] {
  const wrong = purchases.findIndex(({ order }, i) => order !== i + 1);
  if (wrong === -1) return [];
  return [
    { kind: "order", what: `purchase ${wrong + 1} of the list has the order ${purchases[wrong]?.order}` },
  ];
}

function codesOnce(purchases: readonly Purchase[]): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const { order, codes } of purchases) {
    for (const code of codes) {
      if (seen.has(code)) findings.push({ kind: "duplicated", what: `code ${code} again at order ${order}` });
      seen.add(code);
    }
  }
  return findings;
}

/** Each answered purchase is in the books as it was told, and belongs to one buyer. Notes the holders. */
function answered(attempts: readonly Attempt[], entries: ReadonlyMap<number, Entry>): Finding[] {
  const findings: Finding[] = [];
  const find = (kind: Finding["kind"], what: string): number => findings.push({ kind, what });
  const orders = new Map([...entries.values()].map(({ remaining, purchase }) => [remaining, purchase.order]));
  for (const attempt of attempts) {
    for (const { order, codes, remaining } of attempt.receipts) {
      const told = `${nameOf(attempt)}, told order ${order ?? "–"} and ${remaining} left`;
      const entry = entries.get(order ?? orders.get(remaining) ?? -1);
      if (entry === undefined) find("lost", `${told}, isn't in the books`);
      else if (codes !== null && codes.join() !== entry.purchase.codes.join()) {
        find("lost", `${told}: the books have other codes there`);
      } else if (remaining !== entry.remaining || attempt.quantity !== entry.purchase.codes.length) {
        find(
          "lost",
          `${told}: the books have ${entry.purchase.codes.length} tickets there, ${entry.remaining} left`,
        );
      } else if (entry.holder !== null && entry.holder !== attempt) {
        find("duplicated", `${told}: the same purchase as ${nameOf(entry.holder)}`);
      } else {
        if (attempt.isRefused) find("invented", `${told}, although it was refused before`);
        entry.holder = attempt;
      }
    }
  }
  const held = new Map<Attempt, number>();
  for (const { holder } of entries.values()) {
    if (holder !== null) held.set(holder, (held.get(holder) ?? 0) + 1);
  }
  for (const [attempt, count] of held) {
    if (count > 1) find("duplicated", `${nameOf(attempt)} bought ${count} times`);
  }
  return findings;
}

/** What nobody holds has to be a purchase whose answer got lost on the way. */
function unasked(attempts: readonly Attempt[], entries: ReadonlyMap<number, Entry>): Finding[] {
  const wanted = new Map<number, number>();
  for (const attempt of attempts) {
    if (isOpen(attempt)) wanted.set(attempt.quantity, (wanted.get(attempt.quantity) ?? 0) + 1);
  }
  const findings: Finding[] = [];
  for (const { purchase, holder } of entries.values()) {
    if (holder !== null) continue;
    const quantity = purchase.codes.length;
    const left = wanted.get(quantity) ?? 0;
    wanted.set(quantity, left - 1);
    if (left > 0) continue;
    findings.push({
      kind: "invented",
      what: `nobody asked for order ${purchase.order} (${quantity} tickets)`,
    });
  }
  return findings;
}

/** Nobody was shown more stock after less, less than nothing, or a sale that isn't in the books. */
function stockShown(sightings: readonly Sighting[], { available }: Books): Finding[] {
  const findings: Finding[] = [];
  const find = (what: string): number => findings.push({ kind: "stock", what });
  const last = new Map<number, Sighting>();
  for (const sighting of sightings) {
    const { connection } = sighting;
    const before = last.get(connection);
    last.set(connection, sighting);
    if (sighting.available < 0) find(`connection ${connection} saw ${sighting.available} tickets`);
    if (sighting.available < available) {
      find(`connection ${connection} saw ${sighting.available} tickets left, the books have ${available}`);
    }
    if (before === undefined) continue;
    if (before.available < sighting.available || (before.offset ?? 0) > (sighting.offset ?? 0)) {
      find(`connection ${connection} saw ${place(sighting)} after ${place(before)}`);
    }
  }
  const placed = sightings.filter(({ offset }) => offset !== null).sort(byOffset);
  for (const [i, sighting] of placed.entries()) {
    const before = placed[i - 1];
    if (before === undefined) continue;
    const isSame = before.offset === sighting.offset;
    if (isSame ? before.available === sighting.available : before.available >= sighting.available) continue;
    find(`${place(sighting)} was shown, and ${place(before)} elsewhere`);
  }
  return findings;
}

function byOffset(one: Sighting, other: Sighting): number {
  return (one.offset ?? 0) - (other.offset ?? 0);
}

function place({ available, offset }: Sighting): string {
  return `${available} at ${offset ?? "–"}`;
}

function nameOf({ key, quantity }: Attempt): string {
  return `${quantity} tickets ${key === null ? "without a key" : `for ${key}`}`;
}
