/** The server's books, beside what the users counted. */
import { auditSold, balance, faults } from "./measures.js";
import { readSale } from "./sale.js";

/**
 * Metrics can't be read in a teardown, so the server's side of the ledger is subtracted from the sum to which each user
 * added its tickets.
 *
 * @param {import("./sale.js").Place} place @param {number} soldBefore
 */
export function compareBooks(place, soldBefore) {
  const audit = readSale(place, "/audit");
  auditSold.add(audit.sold - soldBefore);
  balance.add(soldBefore - audit.sold, { of: "ledger" });
  const { balanced, capacity, available, held, sold, tickets } = audit;
  const right =
    balanced === true && available === 0 && available + held + sold === capacity && tickets === sold;
  if (right) return;
  faults.add(1, { kind: "audit_unbalanced" });
  console.error(`audit_unbalanced: ${JSON.stringify(audit)}`);
}
