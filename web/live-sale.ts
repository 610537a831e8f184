/**
 * What the page knows of the sale, folded from the server's messages. Messages may repeat or overtake each other
 * across reconnects, so everything that has a position is compared before it is believed: an older stock never
 * replaces a newer one, and a notice is heard once. A new epoch makes all positions before it worthless.
 */
import type { Position } from "../src/box-office/sale.ts";
import type { HelloMessage, NoticeMessage, ReceiptMessage, StockMessage } from "../src/protocol/messages.ts";
import { PAGE_LIMITS } from "./limits.ts";
import type { StoredReceipt } from "./purchase-store.ts";

export class LiveSale {
  hello: HelloMessage | null = null;
  stock: StockMessage | null = null;
  watching: number | null = null;
  /** Where notices are heard up to. Not the stock's position: the notice of a change follows its stock. */
  #heard: Position | null = null;
  #heardOffsets: number[] = [];

  /** What to subscribe from, so that the notices of an interruption are told; undefined when there is none yet. */
  get resumeFrom(): Position | undefined {
    return this.#heard ?? undefined;
  }

  /** @returns false when it is older than what is shown. */
  takeStock(stock: StockMessage): boolean {
    const shown = this.stock;
    const sameEpoch = shown !== null && shown.position.epoch === stock.position.epoch;
    if (sameEpoch && stock.position.offset < shown.position.offset) return false;
    this.stock = stock;
    if (this.#heard?.epoch !== stock.position.epoch) this.#listenFrom(stock.position);
    return true;
  }

  /**
   * A receipt tells the stock too, and the server doesn't say it again. One that is repeated tells what was left back
   * then, which its position gives away. @returns false when it says nothing new.
   */
  takeReceipt(receipt: ReceiptMessage): boolean {
    const shown = this.stock;
    if (shown === null || receipt.position.epoch !== shown.position.epoch) return false;
    if (receipt.position.offset <= shown.position.offset) return false;
    const available = receipt.remaining;
    this.stock = {
      ...shown,
      available,
      sold: shown.capacity - shown.held - available,
      state: available > 0 ? shown.state : shown.held > 0 ? "all_held" : "sold_out",
      position: receipt.position,
      at: receipt.at,
    };
    return true;
  }

  /** @returns false when it was heard before. */
  takeNotice(notice: NoticeMessage): boolean {
    const { epoch, offset } = notice.position;
    if (this.#heard?.epoch !== epoch) this.#listenFrom({ epoch, offset: offset - 1 });
    if (this.#heardOffsets.includes(offset)) return false;
    this.#heardOffsets = [...this.#heardOffsets, offset].slice(-PAGE_LIMITS.heardNotices);
    this.#heard = { epoch, offset: Math.max(offset, this.#heard?.offset ?? 0) };
    return true;
  }

  /**
   * Whether a receipt is of a sale that is no more: its journal is another, or doesn't reach as far (an old copy was put
   * back). Epochs don't tell: each start has a new one.
   */
  isOutdated({ journal, position }: Pick<StoredReceipt, "journal" | "position">): boolean {
    const { hello, stock } = this;
    if (journal !== undefined && hello !== null && journal !== hello.journal) return true;
    return stock !== null && position.offset > stock.position.offset;
  }

  #listenFrom(position: Position): void {
    this.#heard = position;
    this.#heardOffsets = [];
  }
}
