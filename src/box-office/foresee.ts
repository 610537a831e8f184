import type { BoxOffice } from "./box-office.ts";
import type { Command } from "./command.ts";

/**
 * Brings near what these commands will be decided by, for all of them at once, where each would wait for its own piece of
 * memory. Whoever decides many in a row says so here before the first; no decision depends on it.
 */
export function foresee({ purchases }: BoxOffice, coming: readonly { readonly command: Command }[]): void {
  if (purchases === null) return;
  for (const { command } of coming) {
    if (command.type !== "buy") continue;
    for (const { codes } of command.items) for (const code of codes) purchases.expectCode(code);
  }
  purchases.prefetch();
}
