/**
 * The commands beside `serve`: what each is for and the flags that it takes. The help and docs/operations.md follow this
 * table; a test compares them.
 */
import { parseArgs } from "node:util";
import { ConfigError, firstSentence } from "../config.ts";
import { joinNegativeNumbers } from "../negative-numbers.ts";
import { flagRow, helpText } from "../flags.ts";

/** Flags with an argument take one; the others are switches. */
export interface CommandFlag {
  readonly environment?: string;
  readonly argument?: string;
  readonly fallback?: string;
  readonly isRequired?: true;
  /** The argument is a whole number. */
  readonly isOffset?: true;
  readonly help: string;
}

export interface OfflineCommand {
  readonly summary: string;
  /** What somebody has to know who has never used it. */
  readonly about: readonly string[];
  readonly flags: Readonly<Record<string, CommandFlag>>;
}

const data: CommandFlag = {
  environment: "DATA_DIR",
  argument: "dir",
  fallback: "./data",
  help: "data directory (./data)",
};

export const COMMANDS = {
  verify: {
    summary: "check a data directory and change nothing",
    about: [
      "Reads every segment and snapshot, counts the books anew, and says what is wrong, where, and what",
      "to do. It may run beside a server: what was answered before it began is checked then.",
      "Exits with 0 if all is sound, with 4 if anything is damaged.",
    ],
    flags: { data, json: { help: "the findings as one JSON object" } },
  },
  "journal cat": {
    summary: "print the events as JSON lines",
    about: [
      'Each line is {"offset":…,"epoch":…,"event":{…}}. It ends at the first damage, with 4 and a message.',
    ],
    flags: {
      data,
      from: { argument: "offset", fallback: "0", isOffset: true, help: "the first event to print (0)" },
      to: { argument: "offset", isOffset: true, help: "the first event not to print (the end)" },
      sale: { argument: "id", help: "only events of this sale" },
    },
  },
  backup: {
    summary: "copy a data directory, while a server sells from it",
    about: [
      "The copy holds everything that was answered before it began. It is read back before it counts.",
      "Without --with-token the organiser's token stays behind; the restored sale gets a new one. Without",
      "--with-address-key so does what --no-addresses makes pseudonyms with: keys sent again would buy again.",
    ],
    flags: {
      data,
      to: { argument: "dir", isRequired: true, help: "where the copy goes: empty, or not there yet" },
      "with-token": { help: "copy the organiser's token too" },
      "with-address-key": { help: "copy address-key too, which tells addresses by their pseudonyms" },
    },
  },
  restore: {
    summary: "make a data directory of a backup",
    about: [
      "Checks the backup first, and never overwrites a sale. What was sold after the backup isn't known to",
      "the restored sale, though its buyers hold receipts: restore only what is truly lost.",
    ],
    flags: {
      from: { argument: "dir", isRequired: true, help: "the backup" },
      data: { ...data, help: "the data directory to make (./data)" },
    },
  },
} as const satisfies Readonly<Record<string, OfflineCommand>>;

/** How a command speaks. */
export interface Console {
  /** Text for standard output, a newline added. */
  readonly print: (text: string) => void;
  /** A line for standard error. */
  readonly complain: (text: string) => void;
}

export type CommandName = keyof typeof COMMANDS;

/** What was asked for. `name` is null for a command that isn't one of these. */
export type Asked =
  | { readonly name: "serve"; readonly flags: readonly string[] }
  | { readonly name: "help" | "version"; readonly text: string }
  | { readonly name: CommandName; readonly given: GivenFlags };

/** Without a command it is `serve`. @throws {ConfigError} if the command line can't be used. */
export function readCommandLine(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  version: string,
): Asked {
  const { name, rest } = splitCommand(args);
  if (args.includes("--version")) return { name: "version", text: version };
  if (name === "help" || args.includes("--help")) return { name: "help", text: helpOf(name) };
  if (name === "serve") return { name, flags: rest };
  return { name, given: new GivenFlags(name, rest, environment) };
}

/** The flags of a command, or the variables that stand for them, or their defaults. */
export class GivenFlags {
  readonly #values: ReadonlyMap<string, string | true>;

  /** @throws {ConfigError} if they aren't what the command takes. */
  constructor(name: CommandName, args: readonly string[], environment: NodeJS.ProcessEnv) {
    const { flags } = COMMANDS[name] as OfflineCommand;
    const values = new Map<string, string | true>();
    const given = parse(name, flags, args);
    for (const [flag, { environment: variable, fallback, isRequired, isOffset }] of Object.entries(flags)) {
      const fromEnvironment = variable === undefined ? undefined : environment[variable];
      const value = given[flag] ?? (fromEnvironment === "" ? undefined : fromEnvironment) ?? fallback;
      if (value === "" || (value === undefined && isRequired === true))
        throw new ConfigError(`--${flag} is missing. See bilheteria ${name} --help`);
      if (isOffset === true && typeof value === "string" && !/^\d{1,15}$/.test(value))
        throw new ConfigError(`--${flag} ${value}: use a whole number. See bilheteria ${name} --help`);
      if (typeof value === "string" || value === true) values.set(flag, value);
    }
    this.#values = values;
  }

  /** Of a flag that has a default or must be given. */
  text(flag: string): string {
    return String(this.#values.get(flag));
  }

  optional(flag: string): string | null {
    return this.#values.has(flag) ? this.text(flag) : null;
  }

  isOn(flag: string): boolean {
    return this.#values.get(flag) === true;
  }
}

function splitCommand(args: readonly string[]): {
  readonly name: CommandName | "serve" | "help";
  readonly rest: readonly string[];
} {
  const [first, second] = args;
  if (first === undefined || first.startsWith("-")) return { name: "serve", rest: args };
  if (first === "serve" || first === "help") return { name: first, rest: args.slice(1) };
  if (first === "journal" && second === "cat") return { name: "journal cat", rest: args.slice(2) };
  if (first !== "journal cat" && Object.hasOwn(COMMANDS, first))
    return { name: first as CommandName, rest: args.slice(1) };
  const words = first === "journal" && second !== undefined ? `journal ${second}` : first;
  throw new ConfigError(`there is no command ${JSON.stringify(words)}. See bilheteria --help`);
}

function parse(
  name: CommandName,
  flags: OfflineCommand["flags"],
  args: readonly string[],
): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([flag, { argument }]) => [
      flag,
      { type: argument === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  try {
    return parseArgs({ args: joinNegativeNumbers(args), options, allowPositionals: false, strict: true })
      .values;
  } catch (cause) {
    throw new ConfigError(`${firstSentence(cause)} See bilheteria ${name} --help`);
  }
}

function helpOf(name: CommandName | "serve" | "help"): string {
  if (name === "serve" || name === "help") return [helpText(), "", ...commandRows()].join("\n");
  const { summary, about, flags }: OfflineCommand = COMMANDS[name];
  return [
    `Usage: bilheteria ${name} [flags]`,
    "",
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    ...about,
    "",
    ...Object.entries(flags).map(([flag, row]) => flagRow(flag, row)),
  ].join("\n");
}

function commandRows(): string[] {
  return [
    "Other commands, each with its own --help:",
    "",
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(24)} ${summary}`),
  ];
}
