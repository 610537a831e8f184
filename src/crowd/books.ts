/** What the server says of the sale over HTTP, to whoever asks. */
import { get as getPlainly } from "node:http";
import { get as getSecurely } from "node:https";

/** Both answers are a few hundred bytes. */
const LONGEST_BODY = 64 * 1024;

export interface SaleNow {
  readonly state: string;
  readonly available: number;
  readonly capacity: number;
  readonly sold: number;
}

export interface Audit {
  readonly capacity: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly tickets: number;
  readonly balanced: boolean;
}

/** The books couldn't be read; the message says why in a few words, in Portuguese. */
export class BooksError extends Error {
  readonly code = "BOOKS_UNREADABLE";
  /** Of the answer, if there was one. */
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.name = "BooksError";
    this.status = status;
  }
}

/** @throws {BooksError} */
export async function readSale(base: string, sale: string, timeoutMs: number): Promise<SaleNow> {
  const { state, ...numbers } = await read(`${base}/api/sales/${sale}`, timeoutMs);
  const { available, capacity, sold } = numbers;
  if (typeof state === "string" && [available, capacity, sold].every((value) => Number.isInteger(value))) {
    return { state, available: Number(available), capacity: Number(capacity), sold: Number(sold) };
  }
  throw new BooksError("a resposta não é a de uma bilheteria", null);
}

/** @throws {BooksError} */
export async function readAudit(base: string, sale: string, timeoutMs: number): Promise<Audit> {
  const { balanced, capacity, available, held, sold, tickets } = await read(
    `${base}/api/sales/${sale}/audit`,
    timeoutMs,
  );
  const figures = { capacity, available, held, sold, tickets };
  if (typeof balanced === "boolean" && Object.values(figures).every((value) => Number.isInteger(value))) {
    return { ...(figures as Omit<Audit, "balanced">), balanced };
  }
  throw new BooksError("a resposta não é uma auditoria", null);
}

async function read(url: string, timeoutMs: number): Promise<Record<string, unknown>> {
  const { status, text } = await get(url, timeoutMs);
  if (status !== 200) throw new BooksError(`HTTP ${status}`, status);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body as Record<string, unknown>;
  } catch (cause) {
    throw new BooksError("a resposta não é JSON", null, cause);
  }
  throw new BooksError("a resposta não é um objeto JSON", null);
}

/** By hand, since `fetch` refuses ports that browsers refuse, and would keep the socket and the process. */
function get(url: string, timeoutMs: number): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const isLate = cause.name === "TimeoutError" || cause.code === "ABORT_ERR";
      reject(new BooksError(isLate ? "sem resposta a tempo" : (cause.code ?? cause.message), null, cause));
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const request = (url.startsWith("https:") ? getSecurely : getPlainly)(url, { signal, agent: false });
    request.on("error", fail);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("error", fail);
      response.on("data", (part: string) => {
        text += part;
        if (text.length > LONGEST_BODY) request.destroy(new Error("a resposta não tem fim"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
}
