/** Flags and environment become one validated, frozen object, here and nowhere else. */
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { z } from "zod";
import { FLAGS } from "./flags.ts";
import { LIMITS } from "./limits.ts";
import { joinNegativeNumbers } from "./negative-numbers.ts";
import { TITLE } from "./protocol/title.ts";

export const DEFAULT_SALE = "default";

/** A whole number written in digits and nothing else: blank text must never mean 0, which often means "no limit". */
function wholeNumber(min: number, max: number, fallback: number): z.ZodType<number> {
  const message = `use a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback);
}

const HIGHEST_PORT = 65_535;

/** A site as a browser names it in its Origin header. */
function isSite(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

/** An address, or a network like 10.0.0.0/8. */
function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (rest.length > 0 || longest === -1 || address.includes("%")) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
}

const WHEN = /^(\+\d{1,6}[smh]|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)$/;
const WHEN_WORDS = "a date like 2026-12-01T20:00:00-03:00, or +90s, +10m, +2h";

const MOST_WORKERS = 64;
const WORKERS_WORDS = `use auto, or a whole number from 0 to ${MOST_WORKERS}`;

/** What a header carries as one word, too long to be guessed. */
export const ADMIN_TOKEN = /^[\x21-\x7e]{16,256}$/;
export const ADMIN_TOKEN_WORDS = "use 16 to 256 characters without spaces";

const level = z.enum(["trace", "debug", "info", "warn", "error", "silent"], {
  error: "use trace, debug, info, warn, error or silent",
});

const settingsSchema = z.strictObject({
  port: wholeNumber(0, HIGHEST_PORT, 8080),
  tcpPort: wholeNumber(0, HIGHEST_PORT, 12_346),
  tcp: z.boolean().default(true),
  host: z.string().min(1).optional(),
  stock: wholeNumber(1, LIMITS.rules.maxCapacity, 10),
  title: z.string().regex(TITLE, "use 1 to 200 characters").default("Ingressos"),
  opensAt: z.string().regex(WHEN, `use ${WHEN_WORDS}`).optional(),
  data: z.string().min(1, "name a directory").default("./data"),
  memory: z.boolean().default(false),
  fresh: z.boolean().default(false),
  unsafeNoQueue: z.boolean().default(false),
  rateLimit: wholeNumber(0, 1_000_000, 50),
  origin: z.array(z.string().refine(isSite, "use a site like https://example.com")).default([]),
  trustProxy: z
    .array(z.string().refine(isNetwork, "use an address, or a network like 10.0.0.0/8"))
    .default([]),
  addresses: z.boolean().default(true),
  adminToken: z.string().regex(ADMIN_TOKEN, ADMIN_TOKEN_WORDS).optional(),
  workers: z
    .string()
    .regex(/^(auto|\d{1,3})$/, WORKERS_WORDS)
    .refine((text) => text === "auto" || Number(text) <= MOST_WORKERS, WORKERS_WORDS)
    .default("auto"),
  rehearsal: z.boolean().default(true),
  logLevel: level.default("info"),
  commandLog: z.boolean().default(true),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>> & {
  /** The flags and variables given that only matter when the default sale is created. */
  readonly creating: readonly string[];
};

/** Settings that only matter when the default sale is created. */
const CREATING = ["stock", "title", "opensAt"] as const;

/** The command line or the environment can't be used. The message says which part and what would be right. */
export class ConfigError extends Error {
  readonly code = "BAD_CONFIG";

  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

/**
 * Flags win over the environment, the environment over the defaults.
 *
 * @param args the words after `serve`.
 * @throws {ConfigError} at the first flag or variable that is unknown or out of range.
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Settings {
  const given: Record<string, unknown> = {};
  const source: Record<string, string> = {};
  for (const [name, flag] of Object.entries(FLAGS)) {
    const text = flag.environment === undefined ? undefined : environment[flag.environment];
    if (text === undefined || text === "") continue;
    given[flag.setting] = flag.repeatable ? text.split(",").map((part) => part.trim()) : text;
    source[flag.setting] =
      flag.secret === true ? (flag.environment ?? name) : `${flag.environment ?? name}=${text}`;
  }
  for (const [name, value] of Object.entries(parseFlags(args))) {
    const flag = FLAGS[name];
    if (flag === undefined) continue;
    given[flag.setting] = flag.argument === undefined ? flag.value : value;
    source[flag.setting] = flag.secret === true ? `--${name}` : `--${name} ${String(value)}`;
  }
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) {
    const { port, tcpPort, tcp } = parsed.data;
    if (tcp && port === tcpPort && port !== 0) {
      throw new ConfigError(`--port and --tcp-port are both ${port}: choose two. See bilheteria --help`);
    }
    const creating = CREATING.flatMap((setting) => source[setting] ?? []);
    return Object.freeze({ ...parsed.data, creating });
  }
  const issue = parsed.error.issues[0];
  const where = source[String(issue?.path[0])] ?? String(issue?.path[0]);
  throw new ConfigError(`${where}: ${issue?.message ?? "is wrong"}. See bilheteria --help`);
}

/** What the parser of a command line found, without its advice. */
export function firstSentence(cause: unknown): string {
  const [line = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n", 1);
  const [, flag] = /^Option '(--[^' ]+).*' argument (?:is ambiguous|missing)/.exec(line) ?? [];
  if (flag !== undefined)
    return `${flag}: it needs a value; write ${flag}=<value> where that begins with a dash.`;
  return line.endsWith(".") ? line : `${line}.`;
}

/** False for 31 April and the like, which `Date` takes for a day of the next month. */
function isRealDay(text: string): boolean {
  const day = text.slice(0, "2026-12-01".length);
  const instant = Date.parse(day);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(day);
}

/** @returns epoch milliseconds. @throws {ConfigError} if the text is neither a date nor `+` and a duration. */
export function readInstant(text: string, now: number): number {
  const relative = /^\+(\d{1,6})(s|m|h)$/.exec(text);
  if (relative !== null) {
    const unit = { s: 1_000, m: 60_000, h: 3_600_000 }[relative[2] as "s" | "m" | "h"];
    return now + Number(relative[1]) * unit;
  }
  const instant = Date.parse(text);
  if (!WHEN.test(text) || Number.isNaN(instant)) {
    throw new ConfigError(`--opens-at ${text}: use ${WHEN_WORDS}`);
  }
  if (!isRealDay(text)) throw new ConfigError(`--opens-at ${text}: there is no such day`);
  return instant;
}

/** @returns the ports that are asked for, that of HTTP first; 0 stands for any that is free. */
export function wantedPorts({ port, tcpPort, tcp }: Pick<Settings, "port" | "tcpPort" | "tcp">): number[] {
  return tcp ? [port, tcpPort] : [port];
}

/** Fewer cores than this are better off with one process. */
const CORES_FOR_WORKERS = 4;

/** @returns how many gateway processes this asks for, on a machine with so many cores; 0 for one process in all. */
export function workerCount({ workers }: Pick<Settings, "workers">, cores: number): number {
  if (workers !== "auto") return Number(workers);
  return cores < CORES_FOR_WORKERS ? 0 : Math.min(cores - 1, MOST_WORKERS);
}

function parseFlags(args: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries(
    Object.entries(FLAGS).map(([name, flag]) => [
      name,
      flag.argument === undefined
        ? { type: "boolean" as const }
        : { type: "string" as const, multiple: flag.repeatable === true },
    ]),
  );
  try {
    return parseArgs({ args: joinNegativeNumbers(args), options, allowPositionals: false, strict: true })
      .values;
  } catch (cause) {
    throw new ConfigError(`${firstSentence(cause)} See bilheteria --help`);
  }
}
