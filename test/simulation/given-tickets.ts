/** The tickets that one connection was given, and what INGRESSOS must say of them. */
import { broken } from "./violation.ts";

/** Codes that a connection remembers at least, so as not to count a repeated receipt twice. */
const REMEMBERED = 20;

export class GivenTickets {
  readonly #given = new Set<string>();
  /** A receipt came again whose tickets the connection needn't remember any more. */
  #mayCountTwice = false;

  add(codes: readonly string[], repeated: boolean): void {
    const given = [...this.#given];
    const isOld = codes.some((code) => given.includes(code) && !given.slice(-REMEMBERED).includes(code));
    this.#mayCountTwice ||= repeated && isOld;
    for (const code of codes) this.#given.add(code);
  }

  /** The one line that there is; null where a ticket may have been counted twice. */
  get line(): string | null {
    if (this.#mayCountTwice) return null;
    if (this.#given.size === 0) return "Nenhum ingresso";
    const newest = [...this.#given].slice(-20).toReversed();
    return `Ingressos (${this.#given.size}): ${newest.join(", ")}`;
  }

  /** Where a ticket may have been counted twice, it still says nothing but what was given. */
  assertGiven(text: string): void {
    const codes = /^Ingressos \(\d+\): (.+)$/.exec(text)?.[1]?.split(", ") ?? [];
    if (codes.length === 0 || codes.some((code) => !this.#given.has(code)))
      broken(3, "wrong words", `INGRESSOS was answered «${text}»; given were ${[...this.#given].join(", ")}`);
  }
}
