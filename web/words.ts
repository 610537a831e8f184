/** What the page says, in Portuguese first and in English. */
import { english } from "./english.ts";
import { portuguese } from "./portuguese.ts";
import type { Words } from "./vocabulary.ts";

export type Language = "pt-BR" | "en";

export const WORDS: Readonly<Record<Language, Words>> = { "pt-BR": portuguese, en: english };

/** Portuguese for whoever's first language it is, or who has neither. @param preferred as the browser lists them. */
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): Language {
  if (remembered === "pt-BR" || remembered === "en") return remembered;
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-", 1)[0];
    if (primary === "pt") return "pt-BR";
    if (primary === "en") return "en";
  }
  return "pt-BR";
}
