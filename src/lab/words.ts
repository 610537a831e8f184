/** Figures with their nouns, as Portuguese writes them: "1 comprador", "12 compradores". */

const NOUNS = {
  comprador: "compradores",
  ingresso: "ingressos",
  repetição: "repetições",
} as const;

/** @param count a whole number from 0 on. */
export function counted(count: number, noun: keyof typeof NOUNS): string {
  return `${count.toLocaleString("pt-BR")} ${count === 1 ? noun : NOUNS[noun]}`;
}
