/** What the server says of the sale over HTTP, to whoever asks. */

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
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new BooksError(reasonOf(cause), null, cause);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new BooksError(`HTTP ${response.status}`, response.status);
  }
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) return body as Record<string, unknown>;
  } catch (cause) {
    throw new BooksError("a resposta não é JSON", null, cause);
  }
  throw new BooksError("a resposta não é um objeto JSON", null);
}

/** Node hides what happened in the cause of the cause. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return "sem resposta a tempo";
  const code = (cause as NodeJS.ErrnoException).code;
  if (code !== undefined) return code;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause.cause === undefined ? cause.message : reasonOf(cause.cause);
}
