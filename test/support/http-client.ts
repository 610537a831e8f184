/** One HTTP request on a connection of its own. */
import { request, type IncomingHttpHeaders } from "node:http";
import { ADMIN_TOKEN } from "./start-server.ts";
import type { Json } from "./ws-client.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws if it is none. */
  json(): Json;
}

export interface HttpOptions {
  readonly headers?: Record<string, string>;
  /** Sent as it is if it is text, as JSON otherwise. */
  readonly body?: unknown;
}

export function ask(
  port: number,
  method: string,
  path: string,
  options: HttpOptions = {},
): Promise<HttpAnswer> {
  const { headers = {}, body } = options;
  const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Json,
        });
      });
    });
    sent.on("error", reject);
    sent.end(payload);
  });
}

export function askOrganiser(
  port: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<HttpAnswer> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return ask(port, method, `/api/admin${path}`, body === undefined ? { headers } : { headers, body });
}

export function buy(port: number, key: string, body: unknown = {}, sale = "default"): Promise<HttpAnswer> {
  return ask(port, "POST", `/api/sales/${sale}/purchases`, { headers: { "idempotency-key": key }, body });
}

export async function audit(port: number, sale = "default"): Promise<Json> {
  return (await ask(port, "GET", `/api/sales/${sale}/audit`)).json();
}
