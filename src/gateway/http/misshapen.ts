/** Requests that can't be taken as they are, from bytes that aren't HTTP to headers that ask for what isn't there. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../../limits.ts";
import { HTTP_STATUS, type Refusal } from "../../protocol/refusals.ts";
import { sayAndClose } from "../last-words.ts";
import { problemBody, sendProblem } from "../problem.ts";

/** HTTP that asks for what can't be had; true if that was the answer. */
export function refuseMisshapen(request: IncomingMessage, response: ServerResponse): boolean {
  const { host, expect } = request.headers;
  if (host === undefined && request.httpVersion === "1.1") {
    response.setHeader("connection", "close");
    sendProblem(response, { reason: "bad_body", detail: "Falta o cabeçalho Host" });
    return true;
  }
  if (expect === undefined || /\b100-continue\b/i.test(expect)) return false;
  response.setHeader("connection", "close");
  sendProblem(response, { reason: "bad_body", detail: "Expect desconhecido. Use 100-continue" }, 417);
  return true;
}

/** What isn't HTTP gets one clear answer, if it can still be written. */
export function refuseGarbage(
  fault: Error & { code?: string },
  socket: Duplex,
  limits: Limits["lastWords"],
): void {
  // It was told; whatever else it sends isn't HTTP either.
  if (socket.writableEnded && !socket.destroyed) return;
  if (fault.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, refusal] = describeGarbage(fault.code);
  const body = problemBody(refusal, status);
  sayAndClose(
    socket,
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    limits,
  );
}

function describeGarbage(code: string | undefined): [number, Refusal] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, { reason: "too_long" }];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return [408, { reason: "bad_body", detail: "O pedido demorou demais" }];
  }
  return [HTTP_STATUS.bad_body, { reason: "bad_body", detail: "O pedido não é HTTP" }];
}
