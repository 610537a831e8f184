import type { HttpExchange } from "./http-exchange.ts";

/** One line of the API's tables. */
export interface Route {
  readonly method: "GET" | "POST";
  /** As it is documented, with `:id` for a sale. */
  readonly path: string;
  readonly pattern: RegExp;
  /** What the command log calls it. */
  readonly word: string;
  readonly handle: Handler;
}

type Handler = (exchange: HttpExchange) => Promise<void> | void;

export function route(method: Route["method"], path: string, word: string, handle: Handler): Route {
  const pattern = path.replace(".", "\\.").replace(":id", "([A-Za-z0-9_-]{1,64})");
  return { method, path, pattern: new RegExp(`^${pattern}$`), word, handle };
}
