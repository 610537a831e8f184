/** How pushes are encoded on each kind of connection. One object each: the hub caches encoded bytes by its identity. */
import type { PushFormat } from "../broadcast/subscriber.ts";
import { formatMessage, stockMessage } from "../protocol/json.ts";
import { formatNotice, formatStock } from "../protocol/text.ts";
import { encodeTextFrame } from "./websocket/frames.ts";

export const webSocketText: PushFormat = {
  showsState: false,
  stock: (view) => encodeTextFrame(formatStock(view)),
  notice: (notice) => encodeTextFrame(formatNotice(notice)),
  presence: () => null,
};

export const webSocketJson: PushFormat = {
  showsState: true,
  stock: (view) => encodeTextFrame(formatMessage(stockMessage(view))),
  notice: (notice) => encodeTextFrame(formatMessage(notice)),
  presence: (watching) => encodeTextFrame(formatMessage({ type: "presence", watching })),
};

export const tcpText: PushFormat = {
  showsState: false,
  stock: (view) => Buffer.from(`${formatStock(view)}\n`),
  notice: (notice) => Buffer.from(`${formatNotice(notice)}\n`),
  presence: () => null,
};
