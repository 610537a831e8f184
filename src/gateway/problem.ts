/** Refusals over HTTP: `application/problem+json` (RFC 9457) with the reason of the protocol's table. */
import type { ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Limits } from "../limits.ts";
import { refusalFigures } from "../protocol/json.ts";
import { HTTP_STATUS, refusalWords, type Refusal } from "../protocol/refusals.ts";
import { sayAndClose } from "./last-words.ts";

export function problemBody(refusal: Refusal, status: number): string {
  const words = refusalWords(refusal);
  return JSON.stringify({
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    reason: refusal.reason,
    detail: words,
    ...refusalFigures(refusal),
  });
}

export function sendProblem(
  response: ServerResponse,
  refusal: Refusal,
  status = HTTP_STATUS[refusal.reason],
): void {
  const body = problemBody(refusal, status);
  const headers: Record<string, string | number> = {
    "content-type": "application/problem+json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  };
  if (refusal.reason === "rate_limited")
    headers["retry-after"] = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000));
  if (refusal.reason === "busy" || refusal.reason === "server_full") headers["retry-after"] = 1;
  if (refusal.reason === "unauthorized") headers["www-authenticate"] = "Bearer";
  response.writeHead(status, headers).end(body);
}

/**
 * Refuses a handshake: there is no response object yet, only the socket.
 *
 * @param headers whole lines, beside those that every refusal has.
 */
export function refuseUpgrade(
  socket: Duplex,
  refusal: Refusal,
  limits: Limits["lastWords"],
  status = HTTP_STATUS[refusal.reason],
  headers: readonly string[] = [],
): void {
  const body = problemBody(refusal, status);
  const words = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}`,
    "Content-Type: application/problem+json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Connection: close",
    ...headers,
    "",
    body,
  ];
  sayAndClose(socket, words.join("\r\n"), limits);
}
