import type { Answer } from "../box-office/answer.ts";
import { answerMessage, formatMessage, parseMessage, refusalMessage } from "../protocol/json.ts";
import type { Refusal } from "../protocol/refusals.ts";
import type { Request, RequestLimits } from "../protocol/request.ts";
import { formatAnswer, formatRefusal, parseLine } from "../protocol/text.ts";

/** One of the two ways to say the same things. */
export interface Dialect {
  readonly name: "text" | "json";
  parse(text: string, limits: RequestLimits): Request;
  answer(answer: Answer, id: string | undefined): string;
  refusal(refusal: Refusal, id: string | undefined): string;
}

export const textDialect: Dialect = {
  name: "text",
  parse: parseLine,
  answer: formatAnswer,
  refusal: formatRefusal,
};

export const jsonDialect: Dialect = {
  name: "json",
  parse: parseMessage,
  answer: (answer, id) => formatMessage(answerMessage(answer, id)),
  refusal: (refusal, id) => formatMessage(refusalMessage(refusal, id)),
};
