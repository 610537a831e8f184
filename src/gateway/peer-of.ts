import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Peer } from "../engine/ports.ts";
import { plainAddress } from "./address.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Who sent a request: the client, also where a trusted proxy stands between. */
export function peerOf(proxies: TrustedProxies, request: IncomingMessage, transport: "http" | "ws"): Peer {
  // The types don't say it: there is no socket any more once the client went away within its request.
  const socket = request.socket as Socket | null;
  const address = proxies.clientOf(plainAddress(socket?.remoteAddress), request.headers);
  return { address, port: socket?.remotePort ?? 0, transport };
}
