import { expect } from "chai";
import { HTTP_STATUS } from "../../src/protocol/refusals.ts";
import { stockFigure } from "../../web/formats.ts";
import { PAGE_LIMITS } from "../../web/limits.ts";
import type { Attempt } from "../../web/purchases.ts";
import { describeScreen, type Facts } from "../../web/screen.ts";
import { ServerClock } from "../../web/server-clock.ts";
import { chooseLanguage, WORDS, type Language } from "../../web/words.ts";
import { ManualTime } from "../support/manual-time.ts";
import { hello, stock } from "./fakes.ts";

const LANGUAGES: readonly Language[] = ["pt-BR", "en"];

function facts(changes: Partial<Facts> = {}): Facts {
  return {
    language: "pt-BR",
    now: 0,
    monotonic: 0,
    link: { kind: "live" },
    hello: hello(),
    stock: stock(),
    watching: 1_204,
    attempt: null,
    outcome: null,
    resting: false,
    quantity: 1,
    durable: true,
    ...changes,
  };
}

function attempt(progress: Attempt["progress"]): Attempt {
  return { pending: { key: "k", sale: "show", buyer: "b", quantity: 2, madeAt: 0 }, progress };
}

function enabled(changes: Partial<Facts>): boolean {
  return describeScreen(facts(changes)).button.enabled;
}

function note(progress: Attempt["progress"], monotonic = 0): string {
  return describeScreen(facts({ attempt: attempt(progress), monotonic })).note.text;
}

function refusal(reason: string, figures: object): string {
  return WORDS["pt-BR"].refusal({ type: "rejected", reason, message: "", ...figures }, String);
}

describe("the page's screen", () => {
  it("counts down to the opening by the server's clock though the browser's is hours wrong", () => {
    const opensAt = Date.UTC(2026, 10, 21, 20);
    const time = new ManualTime(opensAt + 7 * 3_600_000);
    const clock = new ServerClock(() => time.monotonic());
    clock.learn(opensAt - 90_000, 0, 0);
    const scheduled = stock({ state: "scheduled", opensAt });
    const shown = (): string => describeScreen(facts({ now: clock.now(), stock: scheduled })).figure.text;
    expect(shown()).to.equal("00:01:30");
    time.advance(29_001);
    expect(shown()).to.equal("00:01:01");
    time.advance(3_600_000);
    expect(shown()).to.equal("00:00:00");
    expect(describeScreen(facts({ now: clock.now(), stock: scheduled })).caption).to.equal("Abrindo…");
  });

  it("counts days apart", () => {
    const scheduled = stock({ state: "scheduled", opensAt: 2 * 86_400_000 + 61_000 });
    expect(describeScreen(facts({ stock: scheduled }))).to.deep.include({
      lead: "2 dias e",
      figure: { text: "00:01:01", faint: 0 },
    });
  });

  it("shows the number where no opening is set", () => {
    expect(describeScreen(facts({ stock: stock({ state: "scheduled" }) })).figure.text).to.equal("10");
  });

  it("keeps the number as wide as the capacity, with faint zeros in front", () => {
    expect(stockFigure("pt-BR", 1_000_000, 1_000_000)).to.deep.equal({ text: "1.000.000", faint: 0 });
    expect(stockFigure("pt-BR", 812, 1_000_000)).to.deep.equal({ text: "0.000.812", faint: 6 });
    expect(stockFigure("en", 4_812, 10_000)).to.deep.equal({ text: "04,812", faint: 1 });
    expect(stockFigure("en", 0, 10)).to.deep.equal({ text: "00", faint: 1 });
  });

  it("says how many are watching, in each language", () => {
    expect(describeScreen(facts()).audience).to.equal("1.204 pessoas acompanhando");
    expect(describeScreen(facts({ watching: 1 })).audience).to.equal("1 pessoa acompanhando");
    expect(describeScreen(facts({ language: "en" })).audience).to.equal("1,204 people watching");
  });

  it("lights the button only on an open sale, on a live connection, with nothing under way", () => {
    expect(enabled({})).to.equal(true);
    for (const state of ["scheduled", "all_held", "sold_out", "paused", "closed"] as const) {
      expect(enabled({ stock: stock({ state }) })).to.equal(false);
    }
    expect(enabled({ stock: null })).to.equal(false);
    expect(enabled({ link: { kind: "connecting" } })).to.equal(false);
    expect(enabled({ link: { kind: "offline" } })).to.equal(false);
    expect(enabled({ link: { kind: "away", code: 1008 } })).to.equal(false);
    expect(enabled({ attempt: attempt({ kind: "sent", since: 0 }) })).to.equal(false);
  });

  it("rests the button after a purchase, and then says that a press would buy more", () => {
    const receipt = {
      key: "k",
      sale: "show",
      codes: ["A", "B"],
      order: 1,
      position: { epoch: 1, offset: 1 },
      at: 0,
    };
    const bought = { outcome: { kind: "bought", receipt } } as const;
    expect(describeScreen(facts({ ...bought, resting: true })).button).to.deep.equal({
      text: "Ingressos garantidos",
      enabled: false,
      busy: false,
    });
    expect(describeScreen(facts(bought)).button).to.deep.include({ text: "Comprar mais 1", enabled: true });
    const gone = { ...bought, resting: true, stock: stock({ state: "sold_out", available: 0, sold: 10 }) };
    expect(describeScreen(facts(gone)).button.text).to.equal("Esgotado");
  });

  it("draws one segment per ticket while they can be counted by eye", () => {
    const segments = (capacity: number): unknown =>
      describeScreen(facts({ stock: stock({ capacity, available: 1 }) })).segments;
    expect([1, 10, 40, 41, 1_000_000].map(segments)).to.deep.equal([1, 10, 40, null, null]);
  });

  it("says that the number may be old while there is no connection", () => {
    const screen = describeScreen(facts({ link: { kind: "offline" } }));
    expect(screen.note.text).to.equal(WORDS["pt-BR"].stale);
  });

  it("says when an answer takes long, when it is tried again, and when an old purchase waits", () => {
    expect(note({ kind: "sent", since: 0 }, PAGE_LIMITS.slowAnswerMs)).to.equal(WORDS["pt-BR"].slow);
    expect(note({ kind: "waiting", reason: "busy", retryAt: 3_000, tries: 1 })).to.include("em 3 s (2 de 6)");
    expect(note({ kind: "asking" })).to.include("2 ingressos");
  });

  it("speaks of a connection that was lost only when there was one", () => {
    const spoken = (changes: Partial<Facts>): string => describeScreen(facts(changes)).linkSpoken;
    expect(spoken({ hello: null, link: { kind: "connecting" } })).to.equal("Conectando…");
    expect(spoken({ link: { kind: "connecting" } })).to.equal("Sem conexão. Reconectando.");
    expect(spoken({ hello: null, link: { kind: "offline" } })).to.equal("Sem conexão.");
    expect(spoken({})).to.equal("Conectado");
  });

  it("promises to keep an order only where the browser does, and asks to stay where it doesn't", () => {
    for (const language of LANGUAGES) {
      for (const link of [{ kind: "live" }, { kind: "offline" }] as const) {
        const sent = attempt({ kind: "sent", since: 0 });
        const told = (durable: boolean): string => {
          const slow = { language, link, attempt: sent, monotonic: PAGE_LIMITS.slowAnswerMs, durable };
          return describeScreen(facts(slow)).note.text;
        };
        expect(told(true)).not.to.match(/recarregue|reload/);
        expect(told(false)).to.match(/recarregue|reload/);
        expect(told(false)).not.to.match(/guardado|is kept/);
      }
    }
  });

  it("offers a way back only when it was sent away", () => {
    expect(describeScreen(facts({ link: { kind: "away", code: 1008 } })).away).to.equal(true);
    expect(describeScreen(facts({ link: { kind: "waiting", why: "full", retryAt: 0 } })).away).to.equal(
      false,
    );
  });

  it("has words of its own for every reason, in both languages, with the figures that come with it", () => {
    for (const language of LANGUAGES) {
      for (const reason of [...Object.keys(HTTP_STATUS), "from_the_future"]) {
        const text = WORDS[language].refusal({ type: "rejected", reason, message: "Porque sim" }, String);
        expect(text).to.match(/^\p{Lu}.*[.]$/u);
        expect(text).not.to.include("undefined");
      }
    }
    expect(refusal("insufficient_stock", { remaining: 3 })).to.include("Restam só 3");
    expect(refusal("insufficient_stock", { remaining: 1 })).to.include("Resta só 1");
    expect(refusal("bad_quantity", { max: 10 })).to.include("1 a 10");
    expect(refusal("rate_limited", { retryAfterMs: 1_200 })).to.include("2 s");
  });

  it("chooses the language that was chosen, then the browser's, then Portuguese", () => {
    expect(chooseLanguage("en", ["pt-BR"])).to.equal("en");
    expect(chooseLanguage(null, ["en-GB", "pt"])).to.equal("en");
    expect(chooseLanguage(null, ["pt-PT"])).to.equal("pt-BR");
    expect(chooseLanguage(null, ["de", "en"])).to.equal("en");
    expect(chooseLanguage("xx", ["ja"])).to.equal("pt-BR");
    expect(chooseLanguage(null, [])).to.equal("pt-BR");
  });
});
