import type { Command } from "../../box-office/command.ts";
import type { BuyerId, PurchaseKey, SaleId } from "../../box-office/sale.ts";
import type { Request } from "../../protocol/request.ts";
import type { Desk } from "../desk.ts";

/** What a purchase needs beside what was asked: who buys, the tickets' codes, a key. One for each session that buys. */
export class OrderForm {
  readonly #desk: Desk;
  readonly #sale: SaleId;
  readonly #address: string;
  /** How its hidden keys begin. */
  readonly #prefix: string;
  /** Who buys where the request doesn't say; named for the first such purchase. */
  #buyer: BuyerId | null = null;
  #keyless = 0;

  /** @param session its number, which no other of this epoch has. */
  constructor(desk: Desk, sale: SaleId, address: string, session: number) {
    this.#desk = desk;
    this.#sale = sale;
    this.#address = address;
    // No client can send it, since keys have no dots.
    this.#prefix = `.${desk.epoch}.${session}.`;
  }

  fill({ quantity, key, buyer }: Extract<Request, { type: "buy" }>): Command {
    const { entropy } = this.#desk;
    // An array that grows has room for seventeen at once, and nearly everybody buys one.
    const codes =
      quantity === 1 ? [entropy.ticketCode()] : Array.from({ length: quantity }, () => entropy.ticketCode());
    return {
      type: "buy",
      items: [{ sale: this.#sale, quantity, codes }],
      buyer: buyer ?? (this.#buyer ??= this.#desk.nameBuyer(this.#address)),
      key: key ?? this.#hiddenKey(),
      fresh: key === undefined,
    };
  }

  /** Makes a keyless purchase safe to hand on between processes. */
  #hiddenKey(): PurchaseKey {
    this.#keyless += 1;
    return (this.#prefix + this.#keyless) as PurchaseKey;
  }
}
