/** What happens by itself: openings and closings. */
import type { BoxOffice } from "./box-office.ts";
import type { SaleEvent } from "./event.ts";
import type { Instant, Sale } from "./sale.ts";

/**
 * The openings and closings that are due by `now`, oldest first, at most one per sale: a sale whose closing is due
 * too gets it in the next call. Each becomes an event at its own instant, but never before the newest event.
 */
export function dueEvents(state: BoxOffice, now: Instant): SaleEvent[] {
  const due: { readonly at: Instant; readonly event: SaleEvent }[] = [];
  for (const sale of state.sales.values()) {
    const deadline = deadlineOf(sale);
    if (deadline === null || deadline > now) continue;
    const type = sale.phase === "scheduled" && deadline === sale.opensAt ? "opened" : "closed";
    due.push({ at: deadline, event: { type, v: 1, at: Math.max(deadline, state.at), sale: sale.id } });
  }
  return due.toSorted((a, b) => a.at - b.at).map(({ event }) => event);
}

/** The next instant at which something happens by itself, or null. */
export function nextDeadline(state: BoxOffice): Instant | null {
  let next: Instant | null = null;
  for (const sale of state.sales.values()) {
    const deadline = deadlineOf(sale);
    if (deadline !== null && (next === null || deadline < next)) next = deadline;
  }
  return next;
}

function deadlineOf(sale: Sale): Instant | null {
  if (sale.phase === "closed") return null;
  if (sale.phase === "scheduled") return sale.opensAt;
  return sale.closesAt;
}
