/**
 * The first word of a command line that can't be used, said in Portuguese for the commands of a classroom. Node's own
 * complaint is in English and names neither the place nor the remedy.
 *
 * @param flags those of the command, by name; the ones without an argument are switches.
 */
export function explainWord(
  args: readonly string[],
  flags: Readonly<Record<string, { readonly argument?: string; readonly help: string }>>,
): string {
  for (let i = 0; i < args.length; i++) {
    const [word = "", value] = (args[i] ?? "").split(/=(.*)/s, 2);
    const name = word.slice(2);
    if (!word.startsWith("--")) return `${JSON.stringify(args[i])} sobra na linha de comando`;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) return `não há opção ${word}`;
    if (flag.argument === undefined && value !== undefined) return `${word} não leva valor`;
    if (flag.argument === undefined || value !== undefined) continue;
    i += 1;
    if (i >= args.length || args[i]?.startsWith("-") === true) return `${word} precisa de um valor`;
  }
  return "a linha de comando não serve";
}
