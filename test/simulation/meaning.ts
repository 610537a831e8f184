/** What an answer has to say, in no dialect yet, and whether one says it. */
import type { Answer } from "../../src/box-office/answer.ts";
import type { SaleView } from "../../src/box-office/sale.ts";
import { stateOf, type Books, type Bought } from "./ledger.ts";

export type Meaning =
  | { readonly kind: "receipt"; readonly bought: Bought; readonly repeated: boolean }
  | { readonly kind: "stock"; readonly books: Books }
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly remaining?: number;
      readonly waitMs?: number;
    };

/** Whether an answer says what it must mean; a countdown runs on meanwhile, and is looked at by whoever has the time. */
export function says(answer: Answer, meaning: Meaning, epoch: number): boolean {
  switch (answer.kind) {
    case "receipt": {
      if (meaning.kind !== "receipt" || answer.repeated !== meaning.repeated) return false;
      const { bought } = meaning;
      const { sale, order, remaining, codes, position, at } = bought;
      return (
        JSON.stringify([answer.items, answer.position.epoch, answer.position.offset, answer.at]) ===
        JSON.stringify([[{ sale, order, remaining, codes }], position.epoch, position.offset, at])
      );
    }
    case "stock": {
      if (meaning.kind !== "stock") return false;
      return isView(answer.view, meaning.books, epoch);
    }
    case "audit": {
      if (meaning.kind !== "stock") return false;
      const { capacity, available, held, sold, tickets, balanced } = answer.audit;
      const { books } = meaning;
      const same = capacity === books.capacity && available === books.available && sold === books.sold;
      return same && held === 0 && tickets === sold && balanced;
    }
    case "rejected": {
      if (meaning.kind !== "refused") return false;
      const { rejection } = answer;
      if (rejection.reason !== meaning.reason) return false;
      return rejection.reason !== "insufficient_stock" || rejection.remaining === meaning.remaining;
    }
  }
}

export function isView(view: Omit<SaleView, "title" | "closesAt">, books: Books, epoch: number): boolean {
  return (
    view.sale === books.sale &&
    view.capacity === books.capacity &&
    view.available === books.available &&
    view.sold === books.sold &&
    view.held === 0 &&
    view.state === stateOf(books) &&
    view.position.offset === books.offset &&
    view.position.epoch === epoch &&
    view.at === books.at &&
    view.opensAt === books.opensAt
  );
}
