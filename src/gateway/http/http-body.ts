import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import type { Refusal } from "../../protocol/refusals.ts";

export type Body<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Reads a JSON body and checks it against a schema. What is wrong with it is a refusal, never an exception.
 *
 * @param limit bytes; a longer body isn't read to its end.
 */
export async function readBody<T>(
  request: IncomingMessage,
  schema: z.ZodType<T>,
  limit: number,
): Promise<Body<T>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Leaving the loop early must leave the socket alone: the refusal still has to go out on it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) return { ok: false, refusal: { reason: "too_long" } };
      chunks.push(chunk);
    }
  } catch {
    return refuse("O corpo não chegou inteiro");
  }
  let value: unknown;
  try {
    const text = Buffer.concat(chunks).toString("utf8");
    // No body is an object without fields.
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    return refuse("O corpo não é JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  if (issue?.code === "unrecognized_keys") return refuse("O corpo tem um campo desconhecido");
  const path = issue?.path.join(".") ?? "";
  // Only our own checks have words for users; zod's are in English.
  const wanted = issue?.code === "custom" ? `. Use ${issue.message}` : "";
  return refuse(path === "" ? "O corpo não é o objeto esperado" : `Campo inválido: ${path}${wanted}`);
}

function refuse(detail: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { reason: "bad_body", detail } };
}
