/**
 * Joins a word like `-5` to the flag before it. No flag of ours begins with a digit, so it is a value, and mostly a wrong
 * one: node's parser would only call it ambiguous, where the complaint about the value says what the flag takes.
 */
export function joinNegativeNumbers(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of args) {
    const flag = joined.at(-1);
    if (/^-[\d.]/.test(word) && flag !== undefined && /^--[^=]+$/.test(flag)) {
      joined[joined.length - 1] = `${flag}=${word}`;
    } else joined.push(word);
  }
  return joined;
}
