import { openMemoryJournal } from "../../src/journal/memory-journal.ts";
import { itIsAJournal } from "./contract.ts";

describe("journal: memory", () => {
  itIsAJournal(() => Promise.resolve(openMemoryJournal({ epoch: 7 })));
});
