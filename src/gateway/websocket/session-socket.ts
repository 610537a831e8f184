import { WebSocket, type RawData } from "ws";
import { JSON_SUBPROTOCOL } from "../../protocol/messages.ts";
import type { Connection } from "../connection.ts";
import { LazyWebSocket } from "./lazy-websocket.ts";
import type { Session } from "../session/session.ts";

/**
 * A WebSocket with a session on it. What `ws` tells it is heard right where it is told: a listener for each kind of
 * event would take 200 bytes of each connection, and most connections only watch.
 */
export class SessionSocket extends LazyWebSocket {
  session: Session | null = null;
  connection: Connection | null = null;
  missedPongs = 0;
  slowSince = 0;
  /** Who has to hear when it is gone. */
  members: { remove(webSocket: SessionSocket): void } | null = null;
  /** Which part of the heartbeat visits it. */
  part = 0;

  takeText(text: string): boolean {
    const { session } = this;
    if (session === null || this.readyState !== WebSocket.OPEN) return false;
    if (this.protocol === JSON_SUBPROTOCOL || !text.includes("\n")) session.receive(text);
    else for (const line of linesOf(text)) session.receive(line);
    return this.readyState === WebSocket.OPEN && !session.isShutOut;
  }

  takePong(): void {
    this.missedPongs = 0;
  }

  override emit(event: string | symbol, ...details: unknown[]): boolean {
    switch (event) {
      case "message":
        hear(this, details[0] as RawData, details[1] as boolean);
        return true;
      case "pong":
        this.takePong();
        return true;
      case "ping":
        // Whoever pings and doesn't read is answered up to a bound; RFC 6455 (5.5.3) asks for the newest only.
        if (this.session?.keepsUp === true) this.pong(details[0]);
        return true;
      case "close":
        this.members?.remove(this);
        this.session?.closed();
        return super.emit(event, ...details);
      case "error":
        // `ws` closes the connection itself, with the code that says which rule was broken.
        return true;
      default:
        return super.emit(event, ...details);
    }
  }
}

function hear(webSocket: SessionSocket, data: RawData, isBinary: boolean): void {
  if (isBinary) webSocket.session?.refuse({ reason: "binary" });
  else webSocket.takeText((data as Buffer).toString("utf8"));
}

/** Several lines are several commands; the newline that ends the message ends its last line. */
function linesOf(text: string): string[] {
  return text
    .replace(/\r?\n$/, "")
    .split("\n")
    .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
