/** The flags of the developers' tools (simulate, crashes, fuzz). A wrong one is told in one line, and ends them with 2. */
import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T; args: string[] }>>["values"];

export function readFlags<const T extends Options>(options: T): Values<T> {
  try {
    return parseArgs({ args: process.argv.slice(2), options }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const known = Object.keys(options).map((name) => `--${name}`);
    // Node goes on with advice about arguments that these tools don't take.
    return refuse(`${message.split(". ", 1)[0]}. There are ${known.join(", ")}`);
  }
}

/** The value of a flag as a number from 0 on. */
export function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) return refuse(`--${name} ${text}: use a whole number`);
  return Number(text);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
