/**
 * Check-then-act on one event loop. "JavaScript has one thread, so it can't race" holds from one `await` to the next
 * and no longer: what was checked before it may be untrue behind it.
 */
import { judge, type Outcome } from "./outcome.ts";
import type { Ground, RaceSettings } from "./race.ts";
import type { StrategyName } from "./strategy.ts";
import { workBetween, type Work } from "./work.ts";

export function openPromiseGround({ buyers, stock, work }: RaceSettings): Ground {
  return {
    async run(_strategy: StrategyName, factors: Float64Array): Promise<Outcome> {
      const shop = { stock };
      const began = performance.now();
      const told = await Promise.all(Array.from(factors, (factor) => buy(shop, work, factor)));
      const ms = performance.now() - began;
      const remaining = told.filter((left) => left !== null);
      return judge({ stock, buyers, remaining, counter: shop.stock, spoiled: 0, ms });
    },
    close: () => Promise.resolve(),
  };
}

async function buy(shop: { stock: number }, work: Work, factor: number): Promise<number | null> {
  if (shop.stock <= 0) return null;
  await workBetween(work, factor);
  shop.stock -= 1;
  return shop.stock;
}
