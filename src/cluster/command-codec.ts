/**
 * Commands and answers as they go between a gateway process and the engine's: JSON arrays without names, many in one
 * frame. The same as objects takes twice the time, structured cloning four times (docs/decisions/0010).
 *
 * Every field is looked at when it comes in: the engine's core is total on well-typed commands only.
 */
import type { Answer, Rejection } from "../box-office/answer.ts";
import type { BuyItem, Command } from "../box-office/command.ts";
import type { PurchasedItem } from "../box-office/event.ts";
import type { Audit, BuyerId, PurchaseKey, SaleId, SaleView, TicketCode } from "../box-office/sale.ts";
import { LinkFault } from "./link-fault.ts";

/** A command on its way: `number` comes back with its answer. */
export interface NumberedCommand {
  readonly number: number;
  readonly organiser: boolean;
  readonly command: Command;
}

export interface NumberedAnswer {
  readonly number: number;
  readonly answer: Answer;
}

/** What stands in one frame for one command or one answer. */
export type Row = readonly unknown[];

const ORGANISER = 1;
const FRESH = 2;

/** `[number, "b", flags, buyer, key, sale, quantity, codes, …]`, `[number, "q", flags, sale]`, `[number, "o", flags, command]`. */
export function commandRow(number: number, command: Command, organiser: boolean): Row {
  const flags = organiser ? ORGANISER : 0;
  if (command.type === "query") return [number, "q", flags, command.sale];
  if (command.type !== "buy") return [number, "o", flags, command];
  const { buyer, key, items, fresh } = command;
  const [first] = items;
  const flagged = flags | (fresh === true ? FRESH : 0);
  if (first !== undefined && items.length === 1) {
    return [number, "b", flagged, buyer, key, first.sale, first.quantity, first.codes];
  }
  const tail = items.flatMap(({ sale, quantity, codes }): unknown[] => [sale, quantity, codes]);
  return [number, "b", flagged, buyer, key, ...tail];
}

/** @throws {LinkFault} if it is no such row. */
export function commandOfRow(row: unknown): NumberedCommand {
  const fields = arrayOf(row);
  const number = wholeNumber(fields[0]);
  const flags = wholeNumber(fields[2]);
  const organiser = (flags & ORGANISER) !== 0;
  switch (fields[1]) {
    case "b":
      return { number, organiser, command: purchaseOf(fields, flags) };
    case "q":
      return { number, organiser, command: { type: "query", sale: text(fields[3]) as SaleId } };
    case "o":
      return { number, organiser, command: rareCommand(fields[3]) };
    default:
      throw new LinkFault("a command of an unknown kind came");
  }
}

/** `[number, "r", repeated, epoch, offset, at, sale, order, remaining, codes, …]`, or a letter and the answer's part. */
export function answerRow(number: number, answer: Answer): Row {
  switch (answer.kind) {
    case "receipt": {
      const { items, position, at, repeated } = answer;
      const head = [number, "r", repeated ? 1 : 0, position.epoch, position.offset, at] as const;
      const [first] = items;
      if (first !== undefined && items.length === 1) {
        return [...head, first.sale, first.order, first.remaining, first.codes];
      }
      return [
        ...head,
        ...items.flatMap(({ sale, order, remaining, codes }): unknown[] => [sale, order, remaining, codes]),
      ];
    }
    case "rejected":
      return [number, "x", answer.rejection];
    case "stock":
      return [number, "s", answer.view];
    case "audit":
      return [number, "a", answer.audit];
  }
}

/** @throws {LinkFault} if it is no such row. */
export function answerOfRow(row: unknown): NumberedAnswer {
  const fields = arrayOf(row);
  const number = wholeNumber(fields[0]);
  switch (fields[1]) {
    case "r":
      return { number, answer: receiptOf(fields) };
    case "x":
      return { number, answer: { kind: "rejected", rejection: record(fields[2], "reason") as Rejection } };
    case "s":
      return { number, answer: { kind: "stock", view: viewOf(fields[2]) } };
    case "a":
      return { number, answer: { kind: "audit", audit: record(fields[2], "sale") as unknown as Audit } };
    default:
      throw new LinkFault("an answer of an unknown kind came");
  }
}

/** @throws {LinkFault} if it is no view of a sale. */
export function viewOf(value: unknown): SaleView {
  const view = record(value, "sale") as unknown as SaleView;
  record(view.position, null);
  wholeNumber(view.position.epoch);
  wholeNumber(view.position.offset);
  wholeNumber(view.available);
  return view;
}

/** The rows of a frame. @throws {LinkFault} if the text is no JSON array. */
export function rowsOf(json: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new LinkFault("a frame came that is no JSON", cause);
  }
  return arrayOf(value);
}

function purchaseOf(fields: readonly unknown[], flags: number): Command {
  const items: BuyItem[] = [];
  for (let i = 5; i < fields.length; i += 3) {
    const sale = text(fields[i]) as SaleId;
    items.push({ sale, quantity: wholeNumber(fields[i + 1]), codes: codesOf(fields[i + 2]) });
  }
  const buyer = text(fields[3]) as BuyerId;
  const key = text(fields[4]) as PurchaseKey;
  return { type: "buy", items, buyer, key, fresh: (flags & FRESH) !== 0 };
}

function receiptOf(fields: readonly unknown[]): Answer {
  const items: PurchasedItem[] = [];
  for (let i = 6; i < fields.length; i += 4) {
    items.push({
      sale: text(fields[i]) as SaleId,
      order: wholeNumber(fields[i + 1]),
      remaining: wholeNumber(fields[i + 2]),
      codes: codesOf(fields[i + 3]),
    });
  }
  const position = { epoch: wholeNumber(fields[3]), offset: wholeNumber(fields[4]) };
  return { kind: "receipt", items, position, at: wholeNumber(fields[5]), repeated: fields[2] === 1 };
}

function rareCommand(value: unknown): Command {
  const command = record(value, "type");
  const sale = text(command["sale"]) as SaleId;
  switch (command["type"]) {
    case "audit":
    case "open":
    case "pause":
    case "close":
      return { type: command["type"], sale };
    case "restock":
      return { type: "restock", sale, quantity: wholeNumber(command["quantity"]) };
    case "create": {
      const capacity = wholeNumber(command["capacity"]);
      const opensAt = instantOf(command["opensAt"]);
      return {
        type: "create",
        sale,
        title: text(command["title"]),
        capacity,
        opensAt,
        closesAt: instantOf(command["closesAt"]),
      };
    }
    default:
      throw new LinkFault("a command of an unknown type came");
  }
}

function codesOf(value: unknown): TicketCode[] {
  const codes = arrayOf(value);
  for (const code of codes) text(code);
  return codes as TicketCode[];
}

function instantOf(value: unknown): number | null {
  return value === null ? null : wholeNumber(value);
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new LinkFault("no array came where one belongs");
  return value as readonly unknown[];
}

/** An object; `name`, if given, is a text in it. */
function record(value: unknown, name: string | null): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new LinkFault("no object came where one belongs");
  const found = value as Readonly<Record<string, unknown>>;
  if (name !== null) text(found[name]);
  return found;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new LinkFault("no text came where one belongs");
  return value;
}

/** Offsets and times don't fit into 32 bits; quantities that are refused later may be below zero. */
function wholeNumber(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new LinkFault("no whole number came where one belongs");
  return value as number;
}
