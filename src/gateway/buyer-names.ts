/**
 * What a buyer is called who chose no name: the address, or something made of it that doesn't tell it. It is the scope
 * of a purchase's key, so the same address must be called the same after a reconnect and after a restart.
 */
import { createHmac } from "node:crypto";
import type { BuyerId } from "../box-office/sale.ts";

/** A name for an address. No chosen name can be one of these, since those have no colon. */
export type NameBuyer = (address: string) => BuyerId;

/** Characters of a pseudonym, six bits each: two addresses never share one by chance. */
const LENGTH = 16;

export const byAddress: NameBuyer = (address) => `ip:${address}` as BuyerId;

/** @param key kept as long as the journal is; without it nobody can tell which address a pseudonym stands for. */
export function byPseudonym(key: string): NameBuyer {
  return (address) =>
    `anon:${createHmac("sha256", key).update(address).digest("base64url").slice(0, LENGTH)}` as BuyerId;
}
