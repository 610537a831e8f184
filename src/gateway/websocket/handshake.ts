/**
 * What is wrong with a WebSocket's handshake before anybody asks where it leads. `ws` would refuse the same ones, in
 * plain text; here they get a problem document like everybody else.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { HTTP_STATUS, type Refusal } from "../../protocol/refusals.ts";
import { describeRefusal, nameSale } from "../describe.ts";
import type { Desk } from "../desk.ts";
import { peerOf } from "../peer-of.ts";
import { refuseUpgrade } from "../problem.ts";

export interface HandshakeFault {
  readonly refusal: Refusal;
  readonly status?: number;
  /** Header lines that tell how to do it right. */
  readonly headers?: readonly string[];
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSIONS = ["13", "8"];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Null if it may go on. */
export function handshakeFault(request: IncomingMessage): HandshakeFault | null {
  const { method, headers } = request;
  if (method !== "GET") {
    return { refusal: { reason: "method_not_allowed" }, status: 405, headers: ["Allow: GET"] };
  }
  if (headers.host === undefined && request.httpVersion === "1.1") return bad("Falta o cabeçalho Host");
  if (!VERSIONS.includes(headers["sec-websocket-version"] ?? "")) {
    const wanted = [`Sec-WebSocket-Version: ${VERSIONS.join(", ")}`];
    return bad("Sec-WebSocket-Version ausente ou desconhecido. Use 13", 426, wanted);
  }
  if (!KEY.test(headers["sec-websocket-key"] ?? "")) return bad("Sec-WebSocket-Key ausente ou inválido");
  if (!isListOfTokens(headers["sec-websocket-protocol"])) return bad("Sec-WebSocket-Protocol inválido");
  return null;
}

/** @param sale where the handshake wanted to, as it was written. */
export function refuseHandshake(
  { clock, recorder, proxies, limits }: Desk,
  request: IncomingMessage,
  socket: Duplex,
  fault: HandshakeFault,
  sale = "",
): void {
  const { refusal, status = HTTP_STATUS[refusal.reason], headers = [] } = fault;
  const peer = peerOf(proxies, request, "ws");
  const command = `CONECTAR${nameSale(sale)}`;
  recorder?.record(clock.now(), peer, command, describeRefusal(refusal));
  refuseUpgrade(socket, refusal, limits.lastWords, status, headers);
}

function bad(detail: string, status = 400, headers: readonly string[] = []): HandshakeFault {
  return { refusal: { reason: "bad_body", detail }, status, headers };
}

/** Each name once. */
function isListOfTokens(header: string | undefined): boolean {
  if (header === undefined) return true;
  const names = header.split(",").map((name) => name.trim());
  return names.every((name) => TOKEN.test(name)) && new Set(names).size === names.length;
}
