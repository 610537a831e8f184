/** docs/protocol.md and the catalogue of refusals say the same, row by row, so that neither can change alone. */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import {
  formatCountdown,
  HTTP_STATUS,
  refusalWords,
  type Reason,
  type Refusal,
} from "../../src/protocol/refusals.ts";
import { tablesOf } from "../support/markdown-table.ts";

/** One refusal of each kind, with the figures that the table shows. */
const SAMPLES: { readonly [R in Reason]: Extract<Refusal, { reason: R }> } = {
  sold_out: { reason: "sold_out" },
  insufficient_stock: { reason: "insufficient_stock", remaining: 3 },
  bad_quantity: { reason: "bad_quantity", max: 10 },
  bad_key: { reason: "bad_key" },
  key_required: { reason: "key_required" },
  idempotency_mismatch: { reason: "idempotency_mismatch" },
  not_open: { reason: "not_open", opensInMs: 600_000 },
  paused: { reason: "paused" },
  closed: { reason: "closed" },
  rate_limited: { reason: "rate_limited", retryAfterMs: 1_000 },
  busy: { reason: "busy" },
  server_full: { reason: "server_full" },
  too_long: { reason: "too_long" },
  binary: { reason: "binary" },
  bad_message: { reason: "bad_message" },
  bad_body: { reason: "bad_body", detail: "O corpo não é JSON" },
  bad_times: { reason: "bad_times" },
  bad_items: { reason: "bad_items" },
  unknown_sale: { reason: "unknown_sale" },
  method_not_allowed: { reason: "method_not_allowed" },
  sale_exists: { reason: "sale_exists" },
  too_many_sales: { reason: "too_many_sales" },
  unauthorized: { reason: "unauthorized" },
  forbidden_origin: { reason: "forbidden_origin" },
  unknown_subprotocol: { reason: "unknown_subprotocol" },
  internal: { reason: "internal" },
};

interface DocumentedRow {
  /** As the text dialect says it, or as the detail of a problem. */
  readonly words: string;
  readonly reason: string;
  readonly status: string;
}

/** From dist/test/protocol to the project's root. */
const DOCUMENT = new URL("../../../docs/protocol.md", import.meta.url);

/** The rows of every table with the columns text, reason and HTTP; `a` / `b` in a cell are two rows in one. */
async function documentedRows(): Promise<DocumentedRow[]> {
  const tables = tablesOf(await readFile(DOCUMENT, "utf8"));
  return tables
    .filter(([header = []]) => /reason/i.test(header[1] ?? "") && /HTTP/i.test(header[2] ?? ""))
    .flatMap(([, ...rows]) => rows)
    .flatMap(([text = "", reason = "", status = ""]) => {
      const spans = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
      const reasons = [...reason.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
      // Where there is no reason for programs, as for a binary message, the words have to tell which row it is.
      if (reasons.length === 0) return [{ words: spans[0] ?? "", reason: "binary", status: "415" }];
      return reasons.map((name, i) => ({ words: spans[i] ?? spans[0] ?? "", reason: name, status }));
    });
}

describe("the catalogue of refusals", () => {
  it("stands in docs/protocol.md, whole", async () => {
    const reasons = (await documentedRows()).map(({ reason }) => reason);
    expect([...new Set(reasons)].sort()).to.deep.equal(Object.keys(HTTP_STATUS).sort());
  });

  it("has the words that docs/protocol.md promises", async () => {
    const rows = await documentedRows();
    expect(rows).to.not.be.empty;
    for (const { words, reason } of rows) {
      expect(words.replace(/^ERRO: /, ""), reason).to.equal(refusalWords(SAMPLES[reason as Reason]));
    }
  });

  it("has the HTTP status that docs/protocol.md promises", async () => {
    const rows = await documentedRows();
    expect(rows).to.not.be.empty;
    for (const { reason, status } of rows) {
      expect(status, reason).to.equal(String(HTTP_STATUS[reason as Reason]));
    }
  });
});

describe("words with figures", () => {
  it("a countdown is hours, minutes and seconds, rounded up", () => {
    expect(formatCountdown(600_000)).to.equal("00:10:00");
    expect(formatCountdown(599_001)).to.equal("00:10:00");
    expect(formatCountdown(1)).to.equal("00:00:01");
    expect(formatCountdown(0)).to.equal("00:00:00");
    expect(formatCountdown(-5)).to.equal("00:00:00");
    expect(formatCountdown(100 * 3_600_000 + 61_000)).to.equal("100:01:01");
  });

  it("the wait of a flood is whole seconds, one at least", () => {
    const words = (retryAfterMs: number): string => refusalWords({ reason: "rate_limited", retryAfterMs });
    expect(words(0)).to.equal("Muitas requisições. Tente em 1 s");
    expect(words(1_001)).to.equal("Muitas requisições. Tente em 2 s");
  });
});
