/** Bugs between the processes of one server, planted as in mutants.ts and looked for with a worker. */
import { Crew } from "../../src/cluster/crew.ts";
import { CounterServer } from "../../src/cluster/counter-server.ts";
import { RecentEvents } from "../../src/cluster/recent-events.ts";
import { RemoteCounter } from "../../src/cluster/remote-counter.ts";
import { mutant, patch, together, type Mutant } from "./planting.ts";

export const LINK_MUTANTS: readonly Mutant[] = [
  mutant("the commands of one turn leave the link in the wrong order", 3, {
    install: patch(CounterServer.prototype, "take", (original) => {
      return function (this: CounterServer, json): void {
        original.call(this, JSON.stringify((JSON.parse(json) as unknown[]).toReversed()));
      };
    }),
  }),
  mutant("commands that come together arrive twice", [3, 4], {
    install: patch(CounterServer.prototype, "take", (original) => {
      return function (this: CounterServer, json): void {
        original.call(this, json);
        if ((JSON.parse(json) as unknown[]).length > 1) original.call(this, json);
      };
    }),
  }),
  mutant("now and then an answer is left behind", [3, 6], {
    install: patch(CounterServer.prototype, "answered", (original) => {
      let count = 0;
      return function (this: CounterServer, number, answer): void {
        count += 1;
        if (count % 25 !== 24) original.call(this, number, answer);
      };
    }),
  }),
  mutant("a worker goes on with the views of its beginning", [2, 5], {
    install: patch(RemoteCounter.prototype, "take", (original) => {
      return function (this: RemoteCounter, { publication, answers }): void {
        original.call(this, { answers, publication: publication && { ...publication, views: [] } });
      };
    }),
  }),
  mutant("what is published while workers start reaches none of them", [2, 5], { install: deafCrew }),
  mutant("a worker tells what it is told before it answers", 5, {
    install: patch(RemoteCounter.prototype, "take", (original) => {
      return function (this: RemoteCounter, { publication, answers }): void {
        original.call(this, { publication, answers: [] });
        original.call(this, { publication: null, answers });
      };
    }),
  }),
  mutant("a worker that takes another's place knows of nothing that was told before", 5, {
    install: patch(RecentEvents.prototype, "add", () => () => undefined),
  }),
  mutant("whoever takes a worker's place is told everything a second time", 5, {
    install: patch(RecentEvents.prototype, "all", (original) => {
      return function (this: RecentEvents) {
        const all = original.call(this);
        return [...all, ...all];
      };
    }),
  }),
];

/** A crew that is known only once all its workers listen. */
function deafCrew(): () => void {
  const started = new WeakSet<Crew>();
  return together(
    patch(Crew.prototype, "start", (original) => {
      return async function (this: Crew): Promise<void> {
        await original.call(this);
        started.add(this);
      };
    }),
    patch(Crew.prototype, "publish", (original) => {
      return function (this: Crew, published): void {
        if (started.has(this)) original.call(this, published);
      };
    }),
  )();
}
