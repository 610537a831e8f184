import type { SaleView } from "../../box-office/sale.ts";
import { formatMessage, stockMessage } from "../../protocol/json.ts";
import type { NoticeMessage } from "../../protocol/messages.ts";

/** What a client that subscribes is told at once: the state now, then the notices that it missed. */
export function resumeMessages(view: SaleView, missed: readonly NoticeMessage[]): string[] {
  return [formatMessage(stockMessage(view)), ...missed.map((notice) => formatMessage(notice))];
}
