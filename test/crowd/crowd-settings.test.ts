/** The words after `bilheteria crowd`. */
import { expect } from "chai";
import { sumPlans } from "../../src/crowd/plan.ts";
import { CrowdUsageError } from "../../src/command-line/crowd-flags.ts";
import { readCrowdSettings } from "../../src/command-line/crowd-settings.ts";

function read(...words: readonly string[]) {
  return readCrowdSettings(words, () => 77);
}

describe("the settings of the crowd", () => {
  for (const [title, words, complaint] of [
    ["a word too many", ["50"], /"50" sobra/],
    ["an unknown flag", ["--user", "5"], /não há opção --user/],
    ["a flag without its value", ["--users"], /--users precisa de um valor/],
    ["a switch with a value", ["--json=sim"], /--json não leva valor/],
    ["no users", ["--users", "0"], /--users 0: use um número inteiro de 1 a 100\.000/],
    ["a number of users below zero", ["--users", "-5"], /--users -5: use um número inteiro de 1 a 100\.000/],
    ["a range that falls", ["--rounds", "20-10"], /--rounds 20-10/],
    ["half a round", ["--rounds", "1.5"], /--rounds 1\.5/],
    ["a thinking without end", ["--think", "0-9999999"], /--think 0-9999999/],
    ["rounds that break the rate limit", ["--think", "0", "--listen", "0.01"], /limite de comandos/],
    ["a transport that isn't one", ["--transport", "udp"], /use ws, tcp ou both/],
    ["a transport of another object", ["--transport", "constructor"], /use ws, tcp ou both/],
    ["an address that is none", ["--url", "localhost"], /--url localhost/],
    ["a page's address", ["--url", "http://localhost:8080"], /comece com ws:/],
    ["two addresses of one kind", ["--url", "ws://a", "--url", "ws://b"], /no máximo um/],
    ["a TCP address without its port", ["--url", "tcp://localhost"], /precisa de uma porta/],
    ["a path that is no sale", ["--url", "ws://localhost/x/y"], /não é o caminho de uma venda/],
    ["a sale over TCP", ["--url", "ws://localhost/vendas/show", "--transport", "both"], /por tcp só/],
    ["a seed that isn't a number", ["--seed", "abc"], /--seed abc/],
    ["no time for the AVISO", ["--notice-within", "0"], /--notice-within 0/],
  ] as const) {
    it(`${title} is refused in one line that says what is wrong`, () => {
      expect(() => read(...words))
        .to.throw(CrowdUsageError)
        .with.property("message")
        .that.matches(complaint)
        .and.matches(/^[^\n]+ Veja bilheteria crowd --help$/);
    });
  }

  it("are those of the classroom, on this machine, when nothing is said", () => {
    const { plan, addresses, noticeWithinMs, json } = read();
    expect(plan).to.deep.equal({
      users: 1_000,
      transports: ["ws"],
      rounds: { low: 10, high: 20 },
      thinkMs: { low: 100, high: 2_000 },
      listenMs: { low: 5_000, high: 10_000 },
      seed: 77,
      unruly: 0,
    });
    expect(addresses).to.deep.equal({
      ws: "ws://localhost:8080",
      tcp: "tcp://localhost:12346",
      http: "http://localhost:8080",
      sale: "default",
    });
    expect({ noticeWithinMs, json }).to.deep.equal({ noticeWithinMs: 5_000, json: false });
  });

  for (const [words, transports, addresses] of [
    [["--transport", "both"], ["ws", "tcp"], { tcp: "tcp://localhost:12346" }],
    [["--url", "tcp://sala:999"], ["tcp"], { tcp: "tcp://sala:999", http: "http://sala:8080" }],
    [["--url", "tcp://sala:999", "--http", "http://sala:81/x"], ["tcp"], { http: "http://sala:81" }],
    [["--url", "wss://show.example"], ["ws"], { ws: "wss://show.example", http: "https://show.example" }],
    [["--url", "ws://sala:81", "--transport", "both"], ["ws", "tcp"], { tcp: "tcp://sala:12346" }],
    [
      ["--url", "tcp://a:1", "--url", "ws://[::1]:2"],
      ["ws", "tcp"],
      { ws: "ws://[::1]:2", tcp: "tcp://a:1" },
    ],
    [["--url", "ws://sala:81/vendas/show"], ["ws"], { ws: "ws://sala:81", sale: "show" }],
  ] as const) {
    it(`understand ${words.join(" ")}`, () => {
      const settings = read(...words);
      expect(settings.plan.transports).to.deep.equal(transports);
      expect(settings.addresses).to.include(addresses);
    });
  }

  it("take one figure for a range of one, and seconds with a fraction", () => {
    const { plan } = read("--rounds", "7", "--listen", "0.5-1.25");
    expect(plan.rounds).to.deep.equal({ low: 7, high: 7 });
    expect(plan.listenMs).to.deep.equal({ low: 500, high: 1_250 });
  });

  it("plan the same crowd for the same --seed, and another one for another", () => {
    const [first, again, other] = ["8", "8", "9"].map((seed) =>
      sumPlans(read("--seed", seed, "--chaos").plan),
    );
    expect(again).to.deep.equal(first);
    expect(other).to.not.deep.equal(first);
  });
});
