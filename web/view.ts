/** Paints a screen. Keeps nothing but the elements, and touches only what differs. */
import { PAGE_LIMITS } from "./limits.ts";
import type { NoticeMessage } from "../src/protocol/messages.ts";
import { PoliteVoice } from "./polite-voice.ts";
import { Reels } from "./reels.ts";
import { ReceiptList, type ReceiptView } from "./receipt-list.ts";
import { numberFormat } from "./formats.ts";
import type { Screen } from "./screen.ts";
import type { Timers } from "./timers.ts";
import type { FixedWord } from "./vocabulary.ts";
import { WORDS, type Language } from "./words.ts";

export interface Actions {
  readonly buy: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly comeBack: () => void;
  readonly goAhead: () => void;
  readonly giveUp: () => void;
  readonly dismiss: () => void;
  readonly switchLanguage: () => void;
}

export interface Painting {
  readonly screen: Screen;
  readonly language: Language;
  readonly notices: readonly NoticeMessage[];
  /** How many notices came, and how many purchases ended: what happens again is said again, though the words are the same. */
  readonly pinned: number;
  readonly outcomes: number;
  readonly receipts: readonly ReceiptView[];
  /** Whether what was bought outlives the page. */
  readonly durable: boolean;
}

export class View {
  readonly #reels = new Reels(byId("figure"));
  readonly #receipts = new ReceiptList(byId("receipts"));
  /** Screen readers hear the number now and then, not each time that it changes. */
  readonly #voice: PoliteVoice;

  constructor(timers: Timers, actions: Actions) {
    this.#voice = new PoliteVoice(timers, PAGE_LIMITS.summaryMs, (text) => setText("summary", text));
    onPress("buy", actions.buy);
    onPress("fewer", () => actions.step(-1));
    onPress("more", () => actions.step(1));
    onPress("come-back", actions.comeBack);
    onPress("go-ahead", actions.goAhead);
    onPress("give-up", actions.giveUp);
    onPress("dismiss", actions.dismiss);
    onPress("language", actions.switchLanguage);
    onPress("theme", toggleTheme);
    tintBrowser();
  }

  paint(painting: Painting): void {
    const { screen, language } = painting;
    // Asked for now: the browser may take it away as soon as something below makes it lay out the page.
    const focused = document.activeElement;
    paintLanguage(language);
    paintFace(screen);
    this.#reels.show(screen.figure);
    paintCounter(painting);
    paintNotices(painting);
    byId("unsafe").hidden = !screen.unsafe;
    byId("tickets").hidden = painting.receipts.length === 0;
    setText("kept", WORDS[language].fixed[painting.durable ? "kept" : "notKept"]);
    this.#receipts.show(painting.receipts, language);
    paintTheme(language);
    this.#voice.tell(`${language} ${screen.mood}`, screen.summary);
    keepFocus(focused);
  }
}

/**
 * The button that had the focus may be gone now. The counter takes it: near everything, and nothing that a key which is
 * still held down could press.
 */
function keepFocus(focused: Element | null): void {
  if (focused?.closest("[hidden]")) byId("counter").focus({ preventScroll: true });
}

function paintFace(screen: Screen): void {
  const { body } = document;
  if (body.dataset["mood"] !== screen.mood) body.dataset["mood"] = screen.mood;
  document.title = screen.tab;
  setText("title", screen.title);
  setText("state", screen.state);
  setText("stamp", screen.stamp);
  setText("lead", screen.lead);
  setText("caption", screen.caption);
  setText("tally", screen.tally);
  setText("audience", screen.audience);
  setText("clock", screen.clock);
  const gauge = byId("gauge");
  gauge.style.setProperty("--share", String(screen.share ?? 1));
  gauge.style.setProperty("--segment", screen.segments === null ? "24px" : `${100 / screen.segments}%`);
  const link = byId("link");
  link.dataset["tone"] = screen.link.tone;
  body.dataset["link"] = screen.link.tone;
  setText("link-text", screen.link.text);
  setText("spoken-link", screen.linkSpoken);
}

function paintCounter(painting: Painting): void {
  const { button, stepper, asking, away } = painting.screen;
  const buy = byId("buy");
  setText("buy", button.text);
  setFlag(buy, "aria-disabled", !button.enabled);
  setFlag(buy, "aria-busy", button.busy);
  setText("quantity", stepper.value);
  setFlag(byId("fewer"), "aria-disabled", !stepper.fewer);
  setFlag(byId("more"), "aria-disabled", !stepper.more);
  paintNote(painting);
  byId("unanswered").hidden = !asking || away;
  byId("away").hidden = !away;
  byId("till").hidden = asking || away;
  buy.hidden = asking || away;
}

function paintNote({ screen: { note }, language, outcomes }: Painting): void {
  const item = byId("note");
  const isNew = item.dataset["tone"] !== note.tone;
  item.dataset["tone"] = note.tone;
  setText("note-text", note.text);
  sayText("spoken-note", note.spoken, outcomes);
  const anchor = byId("note-link");
  anchor.hidden = note.tickets !== true;
  setText("note-link", WORDS[language].seeTickets);
  // How a purchase ended is never left out of sight.
  if (isNew && (note.tone === "good" || note.tone === "bad")) item.scrollIntoView({ block: "nearest" });
}

function paintNotices({ notices, pinned, language }: Painting): void {
  const words = WORDS[language];
  const number = numberFormat(language);
  const line = notices.map(({ kind, quantity }) => words.notices[kind](number(quantity ?? 0))).join(" ");
  sayText("aviso-text", line, pinned);
  const banner = byId("aviso");
  banner.dataset["kind"] = notices.at(-1)?.kind ?? "";
  banner.toggleAttribute("data-many", notices.length > 1);
  byId("dismiss").hidden = notices.length === 0;
}

function paintLanguage(language: Language): void {
  const words = WORDS[language];
  if (document.body.dataset["language"] === language) return;
  document.body.dataset["language"] = language;
  document.documentElement.lang = language;
  for (const item of document.querySelectorAll<HTMLElement>("[data-words]")) {
    item.textContent = words.fixed[item.dataset["words"] as FixedWord];
  }
  for (const item of document.querySelectorAll<HTMLElement>("[data-label]")) {
    item.setAttribute("aria-label", words.fixed[item.dataset["label"] as FixedWord]);
  }
  setText("language", words.otherLanguage);
  setText("clock-label", words.serverTime);
  byId("language").lang = language === "en" ? "pt-BR" : "en";
}

function paintTheme(language: Language): void {
  const words = WORDS[language];
  const label = isDark() ? words.lightTheme : words.darkTheme;
  const button = byId("theme");
  if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  if (button.title !== label) button.title = label;
}

function toggleTheme(): void {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem("bilheteria:theme", theme);
  } catch {
    // Then it lasts as long as the page.
  }
  tintBrowser();
  paintTheme(document.documentElement.lang === "en" ? "en" : "pt-BR");
}

/** The browser's own bars follow a theme that was chosen here. */
function tintBrowser(): void {
  if (document.documentElement.dataset["theme"] === undefined) return;
  const desk = getComputedStyle(document.documentElement).getPropertyValue("--desk").trim();
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]"))
    meta.content = desk;
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}

function onPress(id: string, action: () => void): void {
  const button = byId(id);
  button.addEventListener("click", () => {
    // aria-disabled instead of disabled: the focus stays where it is.
    if (button.getAttribute("aria-disabled") !== "true") action();
  });
}

function setText(id: string, text: string): void {
  const item = byId(id);
  if (item.textContent !== text) item.textContent = text;
}

/** Screen readers hear of a text that is put there: the same one is put there anew when its serial is another. */
function sayText(id: string, text: string, serial: number): void {
  const item = byId(id);
  if (item.textContent === text && item.dataset["serial"] === String(serial)) return;
  item.dataset["serial"] = String(serial);
  item.textContent = text;
}

function setFlag(item: HTMLElement, name: string, value: boolean): void {
  if (item.getAttribute(name) !== String(value)) item.setAttribute(name, String(value));
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}
