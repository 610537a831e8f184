import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../../box-office/answer.ts";
import type { Command } from "../../box-office/command.ts";
import type { SaleId, SaleView } from "../../box-office/sale.ts";
import type { Bought } from "../../engine/ports.ts";
import { stockMessage } from "../../protocol/json.ts";
import type { Refusal } from "../../protocol/refusals.ts";
import { boughtBy, describeAnswer, describeRefusal, soldAt } from "../describe.ts";
import type { Desk } from "../desk.ts";
import { peerOf } from "../peer-of.ts";
import { sendProblem } from "../problem.ts";

/** One request to the API and its response. What it asks of the queue, or is refused, stands in the command log. */
export class HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Empty where the path names none. */
  readonly sale: SaleId;
  readonly query: URLSearchParams;
  readonly #desk: Desk;

  constructor(
    desk: Desk,
    of: {
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
      readonly sale: SaleId;
      readonly query: URLSearchParams;
    },
  ) {
    this.#desk = desk;
    this.request = of.request;
    this.response = of.response;
    this.sale = of.sale;
    this.query = of.query;
  }

  /** @param what the command, as the command log names it. */
  async ask(command: Command, what: string, priority?: "organiser"): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve) => {
      if (!this.#desk.counter.submit({ command, reply: resolve }, priority)) {
        resolve({ kind: "rejected", rejection: { reason: "busy" } });
      }
    });
    this.record(what, describeAnswer(answer), boughtBy(answer), soldAt(answer));
    return answer;
  }

  refuse(what: string, refusal: Refusal): void {
    this.record(what, describeRefusal(refusal));
    sendProblem(this.response, refusal);
  }

  /** @param status for any answer but a rejection, which has its own. */
  sendAnswer(answer: Answer, status: number): void {
    switch (answer.kind) {
      case "rejected":
        sendProblem(this.response, answer.rejection);
        return;
      case "stock":
        this.sendJson(status, saleBody(answer.view));
        return;
      case "audit":
        this.sendJson(status, answer.audit);
        return;
      case "receipt":
        throw new Error("a receipt is sent where its key is known");
    }
  }

  sendJson(status: number, body: unknown): void {
    // As bytes: of a text node:http would keep both while somebody doesn't read.
    this.sendBytes(status, Buffer.from(JSON.stringify(body)));
  }

  /** @param json which is shared with others: it isn't changed. */
  sendBytes(status: number, json: Buffer): void {
    this.response
      .writeHead(status, {
        "content-type": "application/json; charset=utf-8",
        "content-length": json.length,
        "cache-control": "no-store",
      })
      .end(json);
  }

  /** Writes its line in the command log: for whatever was neither asked of the queue nor refused. */
  record(command: string, outcome: string, bought?: Bought, at = this.#desk.clock.now()): void {
    const { recorder, proxies } = this.#desk;
    recorder?.record(at, peerOf(proxies, this.request, "http"), command, outcome, bought);
  }
}

export function saleBody(view: SaleView): object {
  const { type: _type, ...stock } = stockMessage(view);
  return { ...stock, title: view.title, closesAt: view.closesAt };
}
