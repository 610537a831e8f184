/**
 * What is wrong with a WebSocket's handshake before anybody asks where it leads. `ws` would refuse the same ones, in
 * plain text; here they get a problem document like everybody else.
 */
import type { IncomingMessage } from "node:http";
import type { Refusal } from "../protocol/refusals.ts";

export interface HandshakeFault {
  readonly refusal: Refusal;
  readonly status: number;
  /** Header lines that tell how to do it right. */
  readonly headers: readonly string[];
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

function bad(detail: string, status = 400, headers: readonly string[] = []): HandshakeFault {
  return { refusal: { reason: "bad_body", detail }, status, headers };
}

/** Each name once. */
function isListOfTokens(header: string | undefined): boolean {
  if (header === undefined) return true;
  const names = header.split(",").map((name) => name.trim());
  return names.every((name) => TOKEN.test(name)) && new Set(names).size === names.length;
}
