/** Histories that broke a promise once, shortened. Each still comes by the place where it did, which is asserted too. */
import { expect } from "chai";
import type { BuyerKind, Plan, Step } from "./plan.ts";
import { World } from "./world.ts";

interface Regression {
  readonly title: string;
  readonly plan: Plan;
  /** What it has to come by, or it shows nothing any more. */
  readonly reaches: string;
}

const REGRESSIONS: readonly Regression[] = [
  {
    title: "the power goes between the two halves of a short write, within the header of a frame",
    reaches: "torn frame recovered",
    plan: plan(
      29,
      { stock: 19, durationMs: 1_200, lookCostMs: 0.2 },
      [["b3", "json", "10.0.0.3", null, 475]],
      [
        { at: 151, who: "world", action: { do: "power_loss", withinWrite: true } },
        { at: 154, who: "world", action: { do: "short", ms: 425 } },
        { at: 300, who: "b3", action: { do: "buy", quantity: 3, key: "b3-3" } },
      ],
    ),
  },
  {
    title: "the process is killed between the two halves of a short write, within a sector of JSON",
    reaches: "torn frame recovered",
    plan: plan(
      222,
      { stock: 21, durationMs: 1_200, lookCostMs: 0.2 },
      [["b0", "text", "10.0.0.4", null, 12]],
      [
        { at: 237, who: "world", action: { do: "short", ms: 125 } },
        { at: 300, who: "b0", action: { do: "buy", quantity: 6, key: "b0-5" } },
        { at: 303, who: "world", action: { do: "kill", withinWrite: false } },
      ],
    ),
  },
  {
    title: "somebody subscribes between two commands of a batch that somebody else's purchase follows",
    reaches: "subscribed among commands",
    plan: plan(
      174,
      { stock: 25, durationMs: 1_500, lookCostMs: 0, rateLimit: 10 },
      [
        ["b1", "json", "10.0.0.1", null, 11],
        ["b5", "json", "10.0.0.1", "ana3", 154],
      ],
      [
        { at: 44, who: "organiser", action: { do: "restock", sale: "default", quantity: 20 } },
        { at: 144, who: "b1", action: { do: "buy", quantity: 1, key: "b1-25" } },
        { at: 187.5, who: "b1", action: { do: "again", quantity: null } },
        { at: 187.5, who: "b1", action: { do: "resume" } },
        { at: 187.5, who: "b1", action: { do: "query" } },
        { at: 187.5, who: "b5", action: { do: "buy", quantity: 2, key: "comum-0" } },
      ],
    ),
  },
];

/** The same steps with other chances, since every change of the server moves the instants a little. */
const CHANCES = 20;

describe("simulation: regressions", () => {
  for (const { title, plan, reaches } of REGRESSIONS) {
    it(`keeps every promise when ${title}`, async () => {
      let reached = 0;
      for (let seed = plan.seed; seed < plan.seed + CHANCES; seed++) {
        const { violation, counts, trace } = await new World({ ...plan, seed }).run();
        expect(violation, trace.slice(-20).join("\n")).to.equal(null);
        reached += counts.get(reaches) ?? 0;
      }
      expect(reached, reaches).to.be.above(0);
    });
  }
});

function plan(
  seed: number,
  setting: Pick<Plan, "stock" | "durationMs" | "lookCostMs"> & { readonly rateLimit?: number },
  buyers: readonly (readonly [string, BuyerKind, string, string | null, number])[],
  steps: readonly Step[],
): Plan {
  return {
    seed,
    workers: false,
    segmentBytes: 18_432,
    rateLimit: 0,
    ...setting,
    buyers: buyers.map(([name, kind, address, buyer, arrivesAt]) => ({
      name,
      kind,
      address,
      buyer,
      arrivesAt,
      sale: "default",
    })),
    steps,
  };
}
