/** What a JSON message earns, and whether an answer is that; written once more from docs/protocol.md. */
import { isWorded } from "./words.ts";

type Value = Record<string, unknown>;

export interface Due {
  /** Types of the message that answers it. */
  readonly types: readonly string[];
  /** The id that has to come back; absent where none may. */
  readonly id?: string;
  readonly reason?: string;
}

const KEY = /^[A-Za-z0-9_-]{1,64}$/;
const isId = (id: unknown): id is string => typeof id === "string" && id.length >= 1 && id.length <= 64;
const isPlace = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

export function dueTo(text: string): Due {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { types: ["error"] };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { types: ["error"] };
  const message = value as Value;
  const { id } = message;
  const echo = isId(id) ? { id } : {};
  const error: Due = { types: ["error"], ...echo };
  switch (message["type"]) {
    case "query":
      return id === undefined || isId(id) ? { types: ["stock"], ...echo } : error;
    case "subscribe":
      return isFrom(message["from"]) ? { types: ["stock"] } : error;
    case "buy":
      return dueToPurchase(message, error);
    default:
      return error;
  }
}

function dueToPurchase({ id, quantity = 1, buyer }: Value, error: Due): Due {
  if (typeof id !== "string") return error;
  if (buyer !== undefined && !(typeof buyer === "string" && /^[A-Za-z0-9_.@-]{1,64}$/.test(buyer)))
    return error;
  if (!KEY.test(id)) return { types: ["rejected"], id: id.slice(0, 64), reason: "bad_key" };
  if (!Number.isInteger(quantity) || (quantity as number) < 1 || (quantity as number) > 10)
    return { types: ["rejected"], id, reason: "bad_quantity" };
  return { types: ["receipt", "rejected"], id };
}

function isFrom(from: unknown): boolean {
  if (from === undefined) return true;
  if (typeof from !== "object" || from === null || Array.isArray(from)) return false;
  const { epoch, offset } = from as Value;
  return isPlace(epoch) && isPlace(offset);
}

/** Null if these messages answer these dues in order, pushes between them left out; else what is wrong. */
export function judgeMessages(
  dues: readonly Due[],
  messages: readonly string[],
  isWhole: boolean,
): string | null {
  let next = 0;
  for (const text of messages) {
    const message = readMessage(text);
    if (typeof message === "string") return message;
    const due = dues[next];
    const isPush = ["notice", "presence", "hello"].includes(String(message["type"]));
    const fits =
      due?.types.includes(String(message["type"])) === true &&
      message["id"] === due.id &&
      (due.reason === undefined || message["reason"] === due.reason);
    if (fits) next += 1;
    else if (!isPush && !(message["type"] === "stock" && message["id"] === undefined)) {
      return `${text} where ${JSON.stringify(due ?? "nothing")} was due`;
    }
  }
  return isWhole && next < dues.length ? `no answer: ${JSON.stringify(dues[next])} was due` : null;
}

/** How many of the dues are answered by now. */
export function answered(dues: readonly Due[], messages: readonly string[]): boolean {
  return judgeMessages(dues, messages, true) === null;
}

function readMessage(text: string): Value | string {
  let message: Value;
  try {
    message = JSON.parse(text) as Value;
  } catch {
    return `not JSON: ${text}`;
  }
  const { type, reason, code, message: words } = message;
  if (type === "rejected" && !isWorded(reason, words)) return `words that the protocol doesn't have: ${text}`;
  if (type === "error" && !isWorded(code, words)) return `words that the protocol doesn't have: ${text}`;
  return message;
}
