import { expect } from "chai";
import { ConfigError, readInstant, readSettings, workerCount, type Settings } from "../src/config.ts";
import { FLAGS, helpText } from "../src/flags.ts";

/** For each flag with a value: one that is right, what it becomes, and some that are wrong. */
const VALUES: Readonly<Record<string, { given: string; becomes: unknown; wrong: readonly string[] }>> = {
  port: { given: "0", becomes: 0, wrong: ["abc", "65536", "1.5", "=-1", "-1", "Infinity"] },
  "tcp-port": { given: "65535", becomes: 65_535, wrong: ["abc", "65536", "1.5", "-1"] },
  host: { given: "::1", becomes: "::1", wrong: [""] },
  stock: { given: "300", becomes: 300, wrong: ["0", "1.5", "many", "100000001", "-5", "-0.5"] },
  title: { given: "Final ☂", becomes: "Final ☂", wrong: ["", "x".repeat(201)] },
  "opens-at": { given: "+10m", becomes: "+10m", wrong: ["+10", "10", "tomorrow 10", "2026-12-01"] },
  data: { given: "/srv/sale", becomes: "/srv/sale", wrong: [""] },
  "rate-limit": { given: "0", becomes: 0, wrong: ["fast", "=-1", "-1", "2000000", " ", "", "1e3"] },
  origin: {
    given: "https://a.example",
    becomes: ["https://a.example"],
    wrong: ["nowhere", "javascript:alert(1)"],
  },
  "trust-proxy": {
    given: "10.0.0.0/8",
    becomes: ["10.0.0.0/8"],
    wrong: ["proxy", "10.0.0.0/33", "::1/129", "1.2.3.4/", "1.2.3.4/8/8", "fe80::1%eth0", "1.2.3"],
  },
  "admin-token": {
    given: "0123456789abcdef",
    becomes: "0123456789abcdef",
    wrong: ["short", "x".repeat(257)],
  },
  workers: { given: "3", becomes: "3", wrong: ["65", "1.5", "many", "AUTO", "=-1", "-1"] },
  "log-level": { given: "warn", becomes: "warn", wrong: ["loud", "INFO"] },
};

function argumentsOf(name: string, value: string): string[] {
  return value.startsWith("=") ? [`--${name}${value}`] : [`--${name}`, value];
}

function complaint(args: readonly string[], environment: Record<string, string> = {}): string {
  try {
    readSettings(args, environment);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    expect(error).to.include({ code: "BAD_CONFIG", name: "ConfigError" });
    return (error as ConfigError).message;
  }
  throw new Error(`taken: ${JSON.stringify([args, environment])}`);
}

/** As whoever only knows the settings' names sees them. */
const read: (...given: Parameters<typeof readSettings>) => Readonly<Record<string, unknown>> = readSettings;

describe("config: settings", () => {
  it("have defaults that start a server, and can't be changed afterwards", () => {
    const settings = readSettings([], {});
    expect(settings).to.deep.equal({
      port: 8080,
      tcpPort: 12_346,
      tcp: true,
      stock: 10,
      title: "Ingressos",
      data: "./data",
      memory: false,
      fresh: false,
      unsafeNoQueue: false,
      rateLimit: 50,
      rehearsal: true,
      origin: [],
      workers: "auto",
      trustProxy: [],
      addresses: true,
      logLevel: "info",
      commandLog: true,
      creating: [],
    });
    expect(Object.isFrozen(settings)).to.equal(true);
  });

  it("have a case for every flag in this test", () => {
    const withValue = Object.entries(FLAGS).flatMap(([name, flag]) =>
      flag.argument === undefined ? [] : [name],
    );
    expect(Object.keys(VALUES)).to.have.members(withValue);
  });

  for (const [name, { given, becomes }] of Object.entries(VALUES)) {
    const { setting, environment } = FLAGS[name]!;

    it(`take --${name}${environment === undefined ? "" : ` and ${environment}, and the flag wins`}`, () => {
      expect(read(argumentsOf(name, given), {})[setting]).to.deep.equal(becomes);
      expect(read([`--${name}=${given}`], {})[setting]).to.deep.equal(becomes);
      if (environment === undefined) return;
      expect(read([], { [environment]: given })[setting]).to.deep.equal(becomes);
      const other = VALUES[name]!.wrong[0] ?? "+1h";
      expect(read(argumentsOf(name, given), { [environment]: other })[setting]).to.deep.equal(becomes);
    });
  }

  for (const [name, flag] of Object.entries(FLAGS)) {
    if (flag.argument !== undefined) continue;
    it(`take the switch --${name}, once or more often`, () => {
      for (const args of [[`--${name}`], [`--${name}`, `--${name}`]]) {
        expect(read(args, {})[flag.setting]).to.equal(flag.value);
      }
      expect(read([], {})[flag.setting]).to.equal(!flag.value);
    });
  }

  it("remember which of them only create, as they were given", () => {
    const { creating } = readSettings(["--stock", "5", "--port", "80"], { TITLE: "Baile", DATA_DIR: "x" });
    expect(creating).to.deep.equal(["--stock 5", "TITLE=Baile"]);
  });

  it("can't be one port for both", () => {
    expect(complaint(["--port", "90", "--tcp-port", "90"])).to.include("--port and --tcp-port are both 90");
    expect(readSettings(["--port", "90", "--tcp-port", "90", "--no-tcp"], {}).port).to.equal(90);
    expect(readSettings(["--port", "0", "--tcp-port", "0"], {}).tcpPort).to.equal(0);
  });

  it("take several origins and proxies, as flags or with commas in the environment", () => {
    const both = ["https://a.example", "https://b.example"];
    expect(
      readSettings(
        both.flatMap((origin) => ["--origin", origin]),
        {},
      ).origin,
    ).to.deep.equal(both);
    expect(readSettings([], { ORIGIN: both.join(" , ") }).origin).to.deep.equal(both);
    const proxies = ["127.0.0.1", "2001:db8::/32"];
    expect(readSettings([], { TRUST_PROXY: proxies.join(",") }).trustProxy).to.deep.equal(proxies);
  });

  it("take an empty variable for none, and leave other variables alone", () => {
    expect(readSettings([], { PORT: "", STOCK: "", PATH: "/bin", TCP: "x" })).to.deep.equal(
      readSettings([], {}),
    );
  });
});

describe("config: a complaint", () => {
  for (const [name, { wrong }] of Object.entries(VALUES)) {
    for (const value of wrong) {
      const shown = value.length > 20 ? `${value.length} characters` : JSON.stringify(value);
      it(`about --${name} with ${shown} is one line that names the flag and where to read on`, () => {
        const message = complaint(argumentsOf(name, value));
        expect(message).to.match(new RegExp(`^--${name}( [^\\n]*)?: .+\\. See bilheteria --help$`));
        if (name === "admin-token") expect(message).to.not.include(value);
      });
    }
  }

  it("about a variable names the variable", () => {
    expect(complaint([], { PORT: "abc" })).to.match(/^PORT=abc: .+\. See bilheteria --help$/);
    expect(complaint([], { ORIGIN: "https://a.example,nowhere" })).to.match(/^ORIGIN=https.+nowhere: /);
  });

  it("about a number below zero says what the flag takes, however it is written", () => {
    for (const args of [["--stock", "-5"], ["--stock=-5"]]) {
      expect(complaint(args)).to.equal(
        "--stock -5: use a whole number from 1 to 100000000. See bilheteria --help",
      );
    }
  });

  it("about a value that is missing, or looks like a flag, says how one with a dash is written", () => {
    for (const args of [["--title"], ["--title", "-x"], ["--title", "--port", "80"]]) {
      expect(complaint(args)).to.equal(
        "--title: it needs a value; write --title=<value> where that begins with a dash. See bilheteria --help",
      );
    }
    expect(readSettings(["--title=-x"], {}).title).to.equal("-x");
  });

  it("comes for a flag that doesn't exist, a value where none goes, a missing value and a stray word", () => {
    expect(complaint(["--prot", "80"])).to.include("--prot");
    expect(complaint(["--no-memory"])).to.include("--no-memory");
    expect(complaint(["--memory=yes"])).to.include("--memory");
    expect(complaint(["--port"])).to.include("--port");
    expect(complaint(["now"])).to.include("'now'");
  });
});

describe("config: an instant", () => {
  it("is a date, or seconds, minutes or hours from now", () => {
    expect(readInstant("+90s", 1_000)).to.equal(91_000);
    expect(readInstant("+10m", 1_000)).to.equal(601_000);
    expect(readInstant("+2h", 1_000)).to.equal(7_201_000);
    expect(readInstant("2026-12-01T20:00:00-03:00", 0)).to.equal(Date.UTC(2026, 11, 1, 23));
  });

  it("is on a day that the month has", () => {
    for (const text of ["2028-02-29T20:00Z", "2026-04-30T23:30:00-03:00", "2026-12-31T20:00:00.5Z"]) {
      expect(new Date(readInstant(text, 0)).toISOString().slice(0, 4), text).to.equal(text.slice(0, 4));
    }
    for (const text of [
      "2026-04-31T20:00:00-03:00",
      "2026-02-29T20:00Z",
      "2026-02-30T20:00",
      "2026-11-31T00:00",
    ]) {
      expect(() => readInstant(text, 0), text).to.throw(
        ConfigError,
        `--opens-at ${text}: there is no such day`,
      );
    }
  });

  it("is nothing else", () => {
    for (const text of ["soon", "", "+10d", "+1234567s", "20:00", "2026-13-45", "10m"]) {
      expect(() => readInstant(text, 0), text).to.throw(ConfigError, `--opens-at ${text}: use a date like`);
    }
  });
});

describe("config: the number of gateway processes", () => {
  for (const [workers, cores, expected] of [
    ["auto", 1, 0],
    ["auto", 2, 0],
    ["auto", 3, 0],
    ["auto", 4, 3],
    ["auto", 16, 15],
    ["auto", 256, 64],
    ["0", 16, 0],
    ["2", 1, 2],
  ] as const) {
    it(`is ${expected} with --workers ${workers} on ${cores} cores`, () => {
      expect(workerCount(readSettings(["--workers", workers], {}), cores)).to.equal(expected);
    });
  }
});

describe("config: the help", () => {
  it("says something of every flag, and names its variable", () => {
    const lines = helpText().split("\n");
    for (const [name, flag] of Object.entries(FLAGS)) {
      expect(flag.help, name).to.match(/^\S.{5,}[^.]$/);
      const argument = flag.argument === undefined ? "" : ` <${flag.argument}>`;
      const line = lines.find((line) => line.startsWith(`  --${name}${argument} `));
      expect(line, name).to.include(flag.help);
      if (flag.environment !== undefined) expect(line).to.include(`[${flag.environment}]`);
    }
    for (const name of ["--help", "--version"])
      expect(lines.some((line) => line.includes(name))).to.equal(true);
  });

  it("fits a terminal of a hundred and twenty columns", () => {
    for (const line of helpText().split("\n")) expect(line.length, line).to.be.at.most(120);
  });

  it("tells the defaults that hold", () => {
    const settings = readSettings([], {}) as Record<keyof Settings, unknown>;
    for (const setting of ["port", "tcpPort", "stock", "data", "rateLimit", "logLevel"] as const) {
      const flag = Object.values(FLAGS).find((flag) => flag.setting === setting);
      expect(flag?.help).to.include(String(settings[setting]));
    }
  });
});
