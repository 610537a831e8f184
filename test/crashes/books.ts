/** The books of the default sale, as a server tells them over HTTP. */
import { ask, askOrganiser, audit } from "../support/http-client.ts";
import { ADMIN_TOKEN } from "../support/start-server.ts";
import type { Json } from "../support/ws-client.ts";
import type { Books, Purchase } from "./auditor.ts";

export interface ReadBooks extends Books {
  readonly digest: string;
  /** The list of tickets as it came. */
  readonly list: string;
}

export async function readBooks(port: number): Promise<ReadBooks> {
  const { text: list, status } = await askOrganiser(port, "GET", "/sales/default/tickets.csv");
  if (status !== 200) throw new Error(`no list of tickets: ${status} ${list}`);
  return { ...(await audit(port)), purchases: purchasesIn(list), list } as unknown as ReadBooks;
}

/** Counted anew from the files, beside the server's own figures. */
export async function recount(port: number): Promise<Json> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return (await ask(port, "GET", "/api/sales/default/audit?recount=1", { headers })).json();
}

/** Rows of one order that follow each other are one purchase. */
export function purchasesIn(list: string): Purchase[] {
  const purchases: { order: number; codes: string[] }[] = [];
  for (const row of list.trimEnd().split("\r\n").slice(1)) {
    const [first = "", code = ""] = row.split(",", 2);
    const order = Number(first);
    const last = purchases.at(-1);
    if (last?.order === order) last.codes.push(code);
    else purchases.push({ order, codes: [code] });
  }
  return purchases;
}
