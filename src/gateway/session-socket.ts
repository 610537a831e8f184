import { WebSocket } from "ws";
import type { Session } from "./session.ts";
import type { WebSocketConnection } from "./websocket-connection.ts";

/** What hangs on each WebSocket, so that handlers can be shared instead of made per connection. */
export class SessionSocket extends WebSocket {
  session: Session | null = null;
  connection: WebSocketConnection | null = null;
  missedPongs = 0;
  slowSince = 0;
  /** Who has to hear when it is gone. */
  members: { remove(webSocket: SessionSocket): void } | null = null;
  /** Which part of the heartbeat visits it. */
  part = 0;
}
