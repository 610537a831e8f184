/**
 * The big number, one cell per character. Only cells that change move, in the direction in which the number went.
 * Cells are as wide as a digit of the font that this machine has, so the number keeps its place and none is cut off; screen
 * readers get it elsewhere, in words.
 */
import type { Figure } from "./formats.ts";

const MOVE_MS = 220;
/** Room for a digit and for a mark in the narrow fonts that the page asks for first, in parts of their size. */
const NARROW = { digit: 0.5, mark: 0.26 };
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Reels {
  readonly #root: HTMLElement;
  #text = "";

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show({ text, faint }: Figure): void {
    const before = this.#text;
    if (text.length !== before.length) this.#rebuild(text);
    const falling = text < before;
    const animated = text.length === before.length && !STILL.matches && !document.hidden;
    Array.from(text).forEach((character, i) => {
      const cell = this.#root.children[i];
      if (!(cell instanceof HTMLElement)) return;
      cell.classList.toggle("faint", i < faint);
      if (cell.textContent === character) return;
      const old = cell.textContent;
      cell.textContent = character;
      if (animated) roll(cell, old, falling);
    });
    this.#text = text;
  }

  #rebuild(text: string): void {
    const cells = Array.from(text, (character) => {
      const cell = document.createElement("span");
      cell.className = /[0-9–]/.test(character) ? "digit" : "mark";
      return cell;
    });
    const digits = cells.filter((cell) => cell.className === "digit").length;
    this.#root.replaceChildren(...cells);
    this.#root.style.setProperty("--digits", String(digits));
    this.#root.style.setProperty("--marks", String(cells.length - digits));
    // The stamp upon the number is drawn in the same font.
    const { style } = document.documentElement;
    style.setProperty("--digit-em", String(Math.max(NARROW.digit, widestOf("0–", this.#root))));
    style.setProperty("--mark-em", String(Math.max(NARROW.mark, widestOf(".,:", this.#root))));
  }
}

/** How wide the widest of the characters is in the font of an element, in parts of its size; 0 where nothing is drawn. */
function widestOf(characters: string, root: HTMLElement): number {
  const probe = document.createElement("span");
  probe.className = "probe";
  root.append(probe);
  const widths = Array.from(characters, (character) => {
    probe.textContent = character;
    return probe.getBoundingClientRect().width;
  });
  probe.remove();
  const size = Number.parseFloat(getComputedStyle(root).fontSize);
  return size > 0 ? Math.max(...widths) / size : 0;
}

/**
 * Turns the cell like a reel: the old digit leaves on one side as the new one comes in on the other. A cell that
 * still turns just shows the newest digit, so that the number stays readable in a rush.
 */
function roll(cell: HTMLElement, old: string, falling: boolean): void {
  if (cell.dataset["old"] !== undefined) return;
  cell.dataset["old"] = old;
  cell.dataset["leaves"] = falling ? "down" : "up";
  const from = `translateY(${falling ? "-" : ""}100%)`;
  const turn = cell.animate([{ transform: from }, {}], {
    duration: MOVE_MS,
    easing: "cubic-bezier(0.2, 0.8, 0.2, 1)",
  });
  const settle = (): void => {
    delete cell.dataset["old"];
  };
  turn.finished.then(settle, settle);
}
