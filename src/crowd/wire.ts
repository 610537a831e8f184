/**
 * A connection as a person has it: lines out, lines in. Cheap, because one process holds thousands: every socket
 * reads into the same buffer, and nothing is kept of it but the beginning of a line or frame that isn't whole yet.
 */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";

/** Where to connect. */
export interface Place {
  /** An IP address, looked up once for all. */
  readonly address: string;
  readonly port: number;
  /** As it was typed: for the `Host` header and the certificate. */
  readonly host: string;
  readonly path: string;
  readonly secure: boolean;
}

export interface WireEvents {
  /** Called once, when commands may be sent. */
  opened(): void;
  line(text: string): void;
  /** Called once, unless the client itself has left or cut. @param why in a few words, for a complaint. */
  closed(why: string): void;
}

export interface Wire {
  /** One command. */
  send(text: string): void;
  /** Rubbish: exactly these bytes. */
  sendBytes(bytes: Uint8Array): void;
  /** A message that isn't text, where the transport knows the difference. */
  sendBinary: ((bytes: Uint8Array) => void) | null;
  /** Stops reading until `resume`. */
  pause(): void;
  resume(): void;
  /** Breaks the connection without a word. */
  cut(abruptly: "close" | "reset"): void;
  /** Goes in good order. */
  leave(): void;
}

/** The longest line or frame that a server has reason to send to such a client. */
export const LONGEST_LINE = 4096;

const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

/** @param take gets bytes that are only good during the call. */
export function openSocket(
  place: Place,
  take: (bytes: Buffer) => void,
  ended: (why: string) => void,
): Socket {
  const { address, port, host } = place;
  const socket = place.secure
    ? connectSecure({ host: address, port, servername: host }).on("data", take)
    : connectPlain({
        host: address,
        port,
        noDelay: true,
        onread: {
          buffer: SHARED,
          callback: (length) => {
            take(SHARED.subarray(0, length));
            return true;
          },
        },
      });
  let why = "fechada pelo servidor";
  socket.on("error", (cause: NodeJS.ErrnoException) => (why = cause.code ?? cause.message));
  socket.on("close", () => ended(why));
  return socket;
}
