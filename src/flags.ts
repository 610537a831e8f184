/** The flags of `bilheteria serve`, and how they are told. What their values may be stands in config.ts. */

/** `argument` names what the value stands for in the help; flags without one are switches. */
export interface Flag {
  /** The setting of config.ts that it gives. */
  readonly setting: string;
  readonly environment?: string;
  readonly argument?: string;
  /** What a switch sets. */
  readonly value?: boolean;
  readonly repeatable?: true;
  /** Never shown in a complaint. */
  readonly secret?: true;
  readonly help: string;
}

/** Every flag there is. The help, the environment and docs/operations.md follow this table; a test compares them. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  port: {
    setting: "port",
    environment: "PORT",
    argument: "n",
    help: "HTTP and WebSocket port (8080; 0 = a free one)",
  },
  "tcp-port": {
    setting: "tcpPort",
    environment: "TCP_PORT",
    argument: "n",
    help: "text over raw TCP (12346; 0 = a free one)",
  },
  "no-tcp": { setting: "tcp", value: false, help: "no raw TCP" },
  host: {
    setting: "host",
    environment: "HOST",
    argument: "address",
    help: "address to listen on (all, IPv6 and IPv4)",
  },
  stock: {
    setting: "stock",
    environment: "STOCK",
    argument: "n",
    help: "tickets of the default sale, when it is created (10)",
  },
  title: {
    setting: "title",
    environment: "TITLE",
    argument: "text",
    help: "title of the default sale, when it is created",
  },
  "opens-at": {
    setting: "opensAt",
    environment: "OPENS_AT",
    argument: "time",
    help: "when the default sale opens: ISO 8601, or +90s, +10m, +2h from now",
  },
  data: { setting: "data", environment: "DATA_DIR", argument: "dir", help: "data directory (./data)" },
  memory: { setting: "memory", value: true, help: "keep nothing: for trials" },
  fresh: {
    setting: "fresh",
    value: true,
    help: "set the old data aside (renamed, never deleted) and begin anew",
  },
  "unsafe-no-queue": {
    setting: "unsafeNoQueue",
    value: true,
    help: "sell WITHOUT the queue, wrongly, to be attacked; only with --memory",
  },
  "rate-limit": {
    setting: "rateLimit",
    environment: "RATE_LIMIT",
    argument: "n",
    help: "commands per second and connection (50; 0 = none)",
  },
  origin: {
    setting: "origin",
    environment: "ORIGIN",
    argument: "url",
    repeatable: true,
    help: "another site whose pages may connect; may be repeated",
  },
  "trust-proxy": {
    setting: "trustProxy",
    environment: "TRUST_PROXY",
    argument: "address",
    repeatable: true,
    help: "a proxy whose X-Forwarded-For is believed; may be repeated",
  },
  "admin-token": {
    setting: "adminToken",
    environment: "ADMIN_TOKEN",
    argument: "text",
    secret: true,
    help: "the organiser's token, 16 characters or more (made at first start)",
  },
  workers: {
    setting: "workers",
    environment: "WORKERS",
    argument: "n",
    help: "gateway processes beside the queue's; 0 = one for all (auto: by the cores)",
  },
  "no-rehearsal": {
    setting: "rehearsal",
    value: false,
    help: "don't warm up while nobody is here yet",
  },
  "log-level": {
    setting: "logLevel",
    environment: "LOG_LEVEL",
    argument: "level",
    help: "trace, debug, info, warn, error or silent (info)",
  },
  "no-command-log": { setting: "commandLog", value: false, help: "no line per command" },
  "no-addresses": {
    setting: "addresses",
    value: false,
    help: "keep no client's address, in the log or the journal",
  },
};

export function helpText(): string {
  const rows = Object.entries(FLAGS).map(([name, flag]) => flagRow(name, flag));
  return [
    "Usage: bilheteria [serve] [flags]",
    "       bilheteria crowd [flags]    simulated buyers with a verdict; see bilheteria crowd --help",
    "       bilheteria lab [flags]      what happens without the queue; see bilheteria lab --help",
    "",
    "Sells scarce tickets live. Flags, and [the variables] that set the same:",
    "",
    ...rows,
    flagRow("help", { help: "this text" }),
    flagRow("version", { help: "the version" }),
  ].join("\n");
}

/** A line of a help text. */
export function flagRow(
  name: string,
  { argument, environment, help }: Pick<Flag, "argument" | "environment" | "help">,
): string {
  const left = `  --${name}${argument === undefined ? "" : ` <${argument}>`}`;
  return `${left.padEnd(26)} ${environment === undefined ? help : `${help} [${environment}]`}`;
}
