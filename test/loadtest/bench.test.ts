/** The benchmark suite: that a run which missed something is void, and that the documents say what was measured. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { cleanup } from "../support/cleanup.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BENCH = join(ROOT, "loadtest/bench");

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Trial {
  readonly contestant: string;
  readonly round: number;
  readonly value: number;
}

interface Costs {
  readonly deliveryMicros: number;
  readonly purchasesPerSecond: number;
}

const { documents } = await bench<{ documents: (kept: unknown) => Map<string, string> }>("docs/write.js");
const { withSection } = await bench<{ withSection: (text: string, name: string, section: string) => string }>(
  "docs/sections.js",
);
const { plotSvg } = await bench<{ plotSvg: (plot: unknown) => string }>("docs/svg.js");
const { spread, ratioOf } = await bench<{
  spread: (values: readonly number[]) => Spread;
  ratioOf: (
    trials: readonly Trial[],
    ours: string,
    other: string,
    read: (trial: Trial) => number | null,
  ) => Spread | null;
}>("spread.js");
const { judge: judgeStalled } = await bench<{
  judge: (context: object, trials: readonly object[]) => readonly { what: string; value: Spread | null }[];
}>("cases/stalled.js");
const { runOnce } = await bench<{
  runOnce: (
    subject: object,
    load: object,
    round: number,
    settings: object,
    workspace: object,
  ) => Promise<unknown>;
}>("trial.js");
const { Schedule } = await bench<{
  Schedule: new (startedAt: number, perSecond: number) => { dueUntil: (now: number) => readonly number[] };
}>("audience/schedule.js");
const { bar } = await bench<{ bar: (bar: unknown) => { verdict: string } }>("bars.js");
const { costsFrom } = await bench<{ costsFrom: (kept: unknown) => Costs }>("scale/costs.js");
const { compare, TOLERANCE } = await bench<{
  compare: (costs: Costs) => readonly { what: string; watchers: number; difference: number }[];
  TOLERANCE: number;
}>("scale/report.js");
const { plan, firstBreak, ASSUMED } = await bench<{
  plan: (watchers: number, costs: Costs) => { load: Readonly<Record<string, number>> };
  firstBreak: (costs: Costs, assumed: unknown) => { watchers: number; what: string } | null;
  ASSUMED: object;
}>("scale/model.js");

/** As a database that has to write down what it knows. */
const SLOW_TO_END =
  'process.on("SIGTERM", () => setTimeout(() => process.exit(0), 200)); setInterval(() => {}, 1000); console.log("ready")';

const KEPT: unknown = JSON.parse(readFileSync(join(ROOT, "docs/performance.json"), "utf8"));

describe("bench: the documents", () => {
  const files = documents(KEPT);

  for (const [name, text] of files) {
    it(`docs/${name} says what docs/performance.json says`, () => {
      expect(readFileSync(join(ROOT, "docs", name), "utf8")).to.equal(text);
      expect(text).to.not.match(/\bNaN\b|\bundefined\b|\bInfinity\b/);
    });
  }

  it("have every plot that docs/performance.md shows", () => {
    const shown = [...(files.get("performance.md") ?? "").matchAll(/\]\((images\/[\w-]+\.svg)\)/g)];
    expect(shown).to.have.length.above(3);
    for (const [, path] of shown) expect([...files.keys()]).to.include(path);
  });

  it("keep what is written by hand when a section is written anew", () => {
    const text = "before\n<!-- measured: a -->\nold\n<!-- end of a -->\nafter\n";
    expect(withSection(text, "a", "new")).to.equal(
      "before\n<!-- measured: a -->\nnew\n<!-- end of a -->\nafter\n",
    );
    expect(() => withSection(text, "b", "new")).to.throw("b");
  });

  it("have plots whose text follows the reader's scheme", () => {
    const points = [1, 10].map((x) => ({ x, y: x, low: x, high: x }));
    const svg = plotSvg({
      title: "a & b",
      xTitle: "x",
      yTitle: "y",
      logX: true,
      logY: true,
      series: [{ name: "<one>", points }],
    });
    expect(svg).to.include("prefers-color-scheme: dark");
    expect(svg).to.include("a &amp; b").and.to.include("&lt;one>");
    expect(svg).not.to.include("NaN");
  });
});

describe("bench: the figures", () => {
  it("are medians with their range", () => {
    expect(spread([5, 1, 9])).to.deep.equal({ median: 5, min: 1, max: 9 });
    expect(spread([1, 3])).to.deep.equal({ median: 2, min: 1, max: 3 });
  });

  it("have ratios that are taken within each round", () => {
    const trials = [
      { contestant: "ours", round: 0, value: 10 },
      { contestant: "ours", round: 1, value: 200 },
      { contestant: "peer", round: 1, value: 100 },
      { contestant: "peer", round: 0, value: 10 },
      { contestant: "ours", round: 2, value: 7 },
    ];
    const ratio = ratioOf(trials, "ours", "peer", ({ value }) => value);
    expect(ratio).to.deep.equal({ median: 1.5, min: 1, max: 2 });
    expect(ratioOf(trials, "ours", "nobody", ({ value }) => value)).to.equal(null);
  });

  for (const [sign, value, verdict] of [
    ["<=", 1, "met"],
    ["<=", 1.01, "missed"],
    [">=", 1, "met"],
    [">=", 0.99, "missed"],
  ] as const) {
    it(`are judged by the median: ${value} is ${verdict} where ${sign} 1 is asked`, () => {
      const measured = { median: value, min: 0, max: 9 };
      expect(bar({ sign, limit: 1, value: measured }).verdict).to.equal(verdict);
    });
  }

  it("say so where stalled readers took less memory than nothing", () => {
    const trial = { round: 0, healthyP99Ms: 1, besideP99Ms: 1 };
    const trials = [
      { ...trial, contestant: "ours", extraBytes: -50 },
      { ...trial, contestant: "ws", extraBytes: 1000 },
    ];
    const memory = judgeStalled({}, trials).find(({ what }) => what.includes("memory"));
    expect(memory?.value?.median).to.equal(-0.05);
  });

  it("aren't judged where they weren't measured", () => {
    expect(bar({ sign: "<=", limit: 1, value: null }).verdict).to.equal("skipped");
  });
});

describe("bench: the trouble", () => {
  it("says which cases there are where one is asked for that isn't", () => {
    const env = { ...process.env, CASES: "crowd,jnuk" };
    const run = spawnSync(process.execPath, [join(BENCH, "hostile.js")], { env, encoding: "utf8" });
    expect(run.stderr).to.match(/^CASES: crowd, junk.*; not crowd,jnuk\n$/);
    expect(run.status).to.equal(2);
  });
});

describe("bench: a trial", () => {
  it("that can't begin has ended all that it started before its directory goes", async () => {
    let database: ChildProcess | undefined;
    const subject = {
      name: "slow",
      async start(_start: unknown, _directory: string, watch: (child: ChildProcess) => ChildProcess) {
        database = watch(
          spawn(process.execPath, ["-e", SLOW_TO_END], { stdio: ["ignore", "pipe", "inherit"] }),
        );
        await once(database.stdout!, "data");
        throw new Error("it doesn't accept connections");
      },
    };
    const ends: (number | null | undefined)[] = [];
    const workspace = {
      makeDirectory: () => "a directory",
      removeDirectory: () => ends.push(database?.exitCode),
      watch: (child: ChildProcess) => {
        cleanup(() => child.kill("SIGKILL"));
        return child;
      },
    };
    const settings = { pin: false, serverFlags: [], warmUpMs: 1, measureMs: 1 };
    const why = await runOnce(subject, { name: "64x1" }, 0, settings, workspace).then(
      () => null,
      (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
    );
    expect(why).to.equal("round 1, 64x1, slow: it doesn't accept connections");
    expect(ends).to.deep.equal([0]);
  });
});

describe("bench: the schedule", () => {
  it("says of each when it was due, not when somebody came to look", () => {
    const schedule = new Schedule(1_000, 500);
    expect(schedule.dueUntil(1_001)).to.deep.equal([]);
    expect(schedule.dueUntil(1_005)).to.deep.equal([1_002, 1_004]);
    expect(schedule.dueUntil(1_005)).to.deep.equal([]);
  });

  it("leaves nothing out after a look that was late", () => {
    const schedule = new Schedule(0, 1_000);
    schedule.dueUntil(1);
    expect(schedule.dueUntil(101.5)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i + 2));
  });
});

describe("bench: the model of scale", () => {
  const costs = costsFrom(KEPT);

  it("knows every cost", () => {
    for (const [name, cost] of Object.entries(costs)) expect(cost, name).to.be.within(0.01, 1e9);
  });

  it("computes what the simulation plays", () => {
    const rows = compare(costs);
    expect(rows).to.have.length.above(9);
    for (const { what, watchers, difference } of rows) {
      expect(difference, `${what}, ${watchers} watchers`).to.be.below(TOLERANCE);
    }
  });

  it("finds the size at which the first part has more to do than it can", () => {
    const found = firstBreak(costs, ASSUMED);
    const load = (watchers: number): number => plan(watchers, costs).load[found?.what ?? ""] ?? 0;
    expect(load(found?.watchers ?? 0)).to.be.above(1);
    expect(load((found?.watchers ?? 0) / 1.2)).to.be.at.most(1);
  });

  it("breaks later with a faster engine", () => {
    const faster = { ...costs, purchasesPerSecond: costs.purchasesPerSecond * 10 };
    const [slow, fast] = [firstBreak(costs, ASSUMED), firstBreak(faster, ASSUMED)];
    expect(fast?.watchers).to.be.above((slow?.watchers ?? 0) * 5);
  });
});

function bench<Module>(path: string): Promise<Module> {
  return import(join(BENCH, path)) as Promise<Module>;
}
