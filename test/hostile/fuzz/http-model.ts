/** What may come back over HTTP, whatever was sent: whole answers, and refusals in the protocol's words. */
import { isWorded } from "./words.ts";

/** Statuses of docs/protocol.md that are no refusals. */
const FINE = new Set([200, 201, 304]);

/** Refusals that carry another status than the one of their reason in the table. */
const REFUSED = new Set([400, 401, 403, 404, 405, 408, 409, 413, 415, 417, 422, 426, 429, 431, 500, 503]);

interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Null if these are answers as the protocol has them; else what is wrong. */
export function judgeHttp(sent: Buffer, received: Buffer): string | null {
  const answers = readAnswers(received, /HEAD /.test(sent.toString("latin1")));
  if (typeof answers === "string") return answers;
  // Line ends before a request are passed over; nothing asks for nothing.
  const isSilent = /^[\r\n]*$/.test(sent.toString("latin1"));
  if (answers.length === 0 && !isSilent) return "no answer at all";
  for (const answer of answers) {
    const wrong = judgeAnswer(answer);
    if (wrong !== null) return wrong;
  }
  return null;
}

function judgeAnswer({ status, headers, body }: Answer): string | null {
  if (FINE.has(status) || status === 101) return null;
  if (!REFUSED.has(status)) return `a status that the protocol doesn't have: ${status}`;
  if (status === 500) return `a fault: ${body}`;
  const type = headers.get("content-type") ?? "";
  if (status === 404 && type.startsWith("text/html")) return null;
  if (!type.startsWith("application/problem+json")) return `${status} as ${type}: ${body.slice(0, 200)}`;
  // An answer to HEAD has no body.
  if (body === "") return null;
  try {
    const problem = JSON.parse(body) as Record<string, unknown>;
    if (problem["status"] !== status || problem["type"] !== "about:blank") return `not this problem: ${body}`;
    return isWorded(problem["reason"], problem["detail"])
      ? null
      : `words that the protocol doesn't have: ${body}`;
  } catch {
    return `a problem that isn't JSON: ${body.slice(0, 200)}`;
  }
}

/** Splits what came into answers. @param mayHaveHeads answers that announce a body may come without one. */
function readAnswers(received: Buffer, mayHaveHeads: boolean): Answer[] | string {
  const answers: Answer[] = [];
  let rest = received;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    const [first = "", ...lines] = rest.toString("latin1", 0, end === -1 ? undefined : end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\w '-]+$/.exec(first)?.[1]);
    if (end === -1 || Number.isNaN(status))
      return `not an answer: ${JSON.stringify(rest.toString("latin1", 0, 200))}`;
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    rest = rest.subarray(end + 4);
    if (status === 100) continue;
    if (status === 101) return [...answers, { status, headers, body: "" }];
    const size = bodySize(headers, status, rest, mayHaveHeads);
    if (size > rest.length) return `${status} with ${rest.length} bytes of ${size}`;
    answers.push({ status, headers, body: rest.toString("utf8", 0, size) });
    rest = rest.subarray(size);
  }
  return answers;
}

function bodySize(
  headers: ReadonlyMap<string, string>,
  status: number,
  rest: Buffer,
  mayHaveHeads: boolean,
): number {
  if (status === 304 || (mayHaveHeads && (rest.length === 0 || rest.toString("latin1", 0, 7) === "HTTP/1.")))
    return 0;
  if (headers.get("transfer-encoding") === "chunked") {
    const end = rest.indexOf("0\r\n\r\n");
    return end === -1 ? rest.length + 1 : end + 5;
  }
  const length = headers.get("content-length");
  // Without either, the body goes on to the end of the connection.
  return length === undefined ? rest.length : Number(length);
}
