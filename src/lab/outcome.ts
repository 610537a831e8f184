/** One repetition as it came out. Everything is counted from what the buyers were told and what the counter said last. */
export interface Outcome {
  /** "Compra realizada" given. */
  readonly sold: number;
  /** What the counter said at the end. */
  readonly counter: number;
  /** Tickets sold beyond the stock. */
  readonly oversold: number;
  /** The lowest number that anybody was told, or that the counter had at the end. */
  readonly lowest: number;
  /** Answers "Estoque restante" that somebody else had got already. */
  readonly repeated: number;
  /** Attempts that had to begin again. */
  readonly spoiled: number;
  /** From the start to the last answer. */
  readonly ms: number;
  /** As many sold as could be, each number once, and the counter says what is left. */
  readonly isRight: boolean;
}

export interface Told {
  readonly stock: number;
  readonly buyers: number;
  /** By buyer who bought: the stock left, as it was told. */
  readonly remaining: readonly number[];
  readonly counter: number;
  readonly spoiled: number;
  readonly ms: number;
}

export function judge({ stock, buyers, remaining, counter, spoiled, ms }: Told): Outcome {
  const sold = remaining.length;
  const repeated = sold - new Set(remaining).size;
  const lowest = remaining.reduce((low, left) => Math.min(low, left), counter);
  const oversold = Math.max(0, sold - stock);
  const isRight =
    sold === Math.min(stock, buyers) && counter === stock - sold && repeated === 0 && lowest >= 0;
  return { sold, counter, oversold, lowest, repeated, spoiled, ms, isRight };
}
