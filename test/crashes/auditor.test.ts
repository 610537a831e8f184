/** The auditor of the crash rounds, against recordings and books that lie in one place each. */
import { expect } from "chai";
import { examine, type Books, type Finding, type Purchase } from "./auditor.ts";
import { purchasesIn } from "./books.ts";
import { planRound } from "./plan.ts";
import { Recording } from "./recording.ts";

/** Three purchases of 1, 2 and 1 of ten tickets; the last one's answer was lost on its way. */
function honest(): { recording: Recording; books: Books } {
  const recording = new Recording();
  recording.begin("a", 1).receipts.push({ order: 1, codes: ["A1"], remaining: 9 });
  recording.begin("b", 2).receipts.push({ order: null, codes: null, remaining: 7 });
  recording.begin(null, 1);
  recording.begin("refused", 3).isRefused = true;
  const watcher = recording.nextConnection();
  recording.see(watcher, 9, 2);
  recording.see(watcher, 7, 3);
  const purchases = [
    { order: 1, codes: ["A1"] },
    { order: 2, codes: ["B1", "B2"] },
    { order: 3, codes: ["C1"] },
  ];
  const books = { capacity: 10, available: 6, held: 0, sold: 4, tickets: 4, balanced: true, purchases };
  return { recording, books };
}

/** The books with other purchases, and sums that fit them. */
function withPurchases(books: Books, purchases: readonly Purchase[]): Books {
  const sold = purchases.reduce((sum, { codes }) => sum + codes.length, 0);
  return { ...books, purchases, sold, tickets: sold, available: books.capacity - sold };
}

function kinds(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ kind }) => kind))].sort();
}

describe("crashes: the auditor", () => {
  it("finds nothing where buyers and books agree", () => {
    const { recording, books } = honest();
    expect(examine(recording, books)).to.deep.equal([]);
  });

  it("finds an answer that the books know nothing of", () => {
    for (const receipt of [
      { order: 4, codes: ["X1"], remaining: 5 },
      { order: null, codes: null, remaining: 5 },
    ]) {
      const { recording, books } = honest();
      recording.begin("x", 1).receipts.push(receipt);
      expect(kinds(examine(recording, books))).to.deep.equal(["lost"]);
    }
  });

  it("finds a ticket that was taken out of the books", () => {
    const { recording, books } = honest();
    const without = withPurchases(books, [books.purchases[0]!, { order: 2, codes: ["C1"] }]);
    expect(kinds(examine(recording, without))).to.include("lost");
    const emptied = withPurchases(books, books.purchases.slice(1));
    expect(kinds(examine(recording, emptied))).to.include.members(["lost", "order"]);
  });

  it("finds an answered purchase whose codes or whose stock the books tell otherwise", () => {
    const { recording, books } = honest();
    const [, ...rest] = books.purchases;
    const other = withPurchases(books, [{ order: 1, codes: ["Z9"] }, ...rest]);
    expect(kinds(examine(recording, other))).to.include("lost");
    const lying = honest();
    lying.recording.attempts[0]!.receipts[0] = { order: 1, codes: ["A1"], remaining: 8 };
    expect(kinds(examine(lying.recording, lying.books))).to.include("lost");
  });

  it("finds a key that bought twice", () => {
    const { recording, books } = honest();
    recording.attempts[0]!.receipts.push({ order: 3, codes: ["C1"], remaining: 6 });
    expect(kinds(examine(recording, books))).to.include("duplicated");
  });

  it("finds two buyers that were sold the same purchase", () => {
    const { recording, books } = honest();
    recording.begin("thief", 2).receipts.push({ order: 2, codes: ["B1", "B2"], remaining: 7 });
    expect(kinds(examine(recording, books))).to.deep.equal(["duplicated"]);
  });

  it("finds a code that is there twice", () => {
    const { recording, books } = honest();
    const doubled = withPurchases(books, [...books.purchases.slice(0, 2), { order: 3, codes: ["B1"] }]);
    expect(kinds(examine(recording, doubled))).to.deep.equal(["duplicated"]);
  });

  it("finds a purchase that nobody asked for, of the wrong size, or that was refused", () => {
    for (const codes of [["D1"], ["D1", "D2"], ["D1", "D2", "D3"]]) {
      const { recording, books } = honest();
      const more = withPurchases(books, [...books.purchases, { order: 4, codes }]);
      expect(kinds(examine(recording, more))).to.deep.equal(["invented"]);
    }
    const { recording, books } = honest();
    recording.attempts[0]!.isRefused = true;
    expect(kinds(examine(recording, books))).to.deep.equal(["invented"]);
  });

  it("finds gaps and steps back in the order of arrival", () => {
    const { recording, books } = honest();
    const last = books.purchases[2]!;
    for (const purchases of [
      [...books.purchases.slice(0, 2), { ...last, order: 4 }],
      [last, ...books.purchases.slice(0, 2)],
    ]) {
      expect(kinds(examine(recording, { ...books, purchases }))).to.include("order");
    }
  });

  it("finds books that don't add up", () => {
    for (const wrong of [
      { balanced: false },
      { available: 5 },
      { sold: 5 },
      { tickets: 3 },
      { available: -1, held: 7 },
    ]) {
      const { recording, books } = honest();
      expect(kinds(examine(recording, { ...books, ...wrong })), JSON.stringify(wrong)).to.include(
        "unbalanced",
      );
    }
  });

  it("finds stock that rose, that was below nothing, or that the books never had", () => {
    for (const [available, offset] of [
      [8, 4],
      [7, 2],
      [6, 3],
      [5, 5],
      [-1, 6],
    ] as const) {
      const { recording, books } = honest();
      recording.see(1, available, offset);
      expect(kinds(examine(recording, books)), `${available} at ${offset}`).to.deep.equal(["stock"]);
    }
  });

  it("finds two connections that were shown different stocks at one place, or more behind less", () => {
    for (const [available, offset] of [
      [8, 3],
      [10, 3],
    ] as const) {
      const { recording, books } = honest();
      recording.see(recording.nextConnection(), available, offset);
      expect(kinds(examine(recording, books)), `${available} at ${offset}`).to.deep.equal(["stock"]);
    }
  });

  it("reads rows of one order as one purchase, and a repeated order elsewhere as another", () => {
    const list = "order,code,buyer,at\r\n1,A1,x,t\r\n2,B1,x,t\r\n2,B2,x,t\r\n1,C1,x,t\r\n";
    expect(purchasesIn(list)).to.deep.equal([
      { order: 1, codes: ["A1"] },
      { order: 2, codes: ["B1", "B2"] },
      { order: 1, codes: ["C1"] },
    ]);
  });

  it("plans the same rounds from the same seed, with kills while starting and while stopping among them", () => {
    const plans = (seed: number) => Array.from({ length: 40 }, (_, i) => planRound(seed, i + 1));
    expect(plans(1)).to.deep.equal(plans(1));
    expect(plans(1)).to.not.deep.equal(plans(2));
    expect(plans(1).some(({ killedStarts }) => killedStarts.length > 0)).to.equal(true);
    expect(plans(1).some(({ warningMs }) => warningMs !== null)).to.equal(true);
    expect(plans(1).some(({ isFresh }) => isFresh)).to.equal(true);
    expect(new Set(plans(1).map(({ isSmall }) => isSmall)).size).to.equal(2);
  });
});
