/** The small parts of the crowd, each for itself. */
import { expect } from "chai";
import fc from "fast-check";
import { maskedFrame, Opcode, readFrames } from "../../src/crowd/frames.ts";
import { Histogram } from "../../src/crowd/histogram.ts";
import { readLine } from "../../src/crowd/line.ts";
import { planPerson, sumPlans, usersBy, type CrowdPlan } from "../../src/crowd/plan.ts";
import { Remainings } from "../../src/crowd/remainings.ts";
import { encodeTextFrame } from "../../src/gateway/websocket/frames.ts";

const PLAN: CrowdPlan = {
  users: 1_000,
  transports: ["ws", "tcp"],
  rounds: { low: 10, high: 20 },
  thinkMs: { low: 100, high: 2_000 },
  listenMs: { low: 5_000, high: 10_000 },
  seed: 7,
  unruly: 0.2,
};

describe("the crowd's plan", () => {
  it("draws every number of rounds that it may, and nothing else", () => {
    const drawn = new Set(Array.from({ length: 1_000 }, (_, i) => planPerson(PLAN, i).rounds));
    expect([...drawn]).to.have.members([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it("makes about the given share unruly, in each of three ways, and nobody without chaos", () => {
    const kinds = Array.from({ length: 1_000 }, (_, i) => planPerson(PLAN, i).mischief);
    for (const kind of ["cut", "rubbish", "slow"]) {
      expect(kinds.filter((mischief) => mischief === kind).length, kind).to.be.within(40, 100);
    }
    expect(sumPlans({ ...PLAN, unruly: 0 }).unruly).to.equal(0);
  });

  it("counts on the purchases of those alone who aren't unruly", () => {
    const { purchases, rounds } = sumPlans(PLAN);
    expect(purchases).to.be.below(rounds);
    const calm = sumPlans({ ...PLAN, unruly: 0 });
    expect(calm.purchases).to.equal(calm.rounds);
  });

  it("divides people between the transports, the first one gets the odd one", () => {
    expect(usersBy({ ...PLAN, users: 5 })).to.deep.equal({ ws: 3, tcp: 2 });
    expect(usersBy({ ...PLAN, users: 5, transports: ["tcp"] })).to.deep.equal({ ws: 0, tcp: 5 });
  });
});

describe("the crowd's histogram", () => {
  it("tells percentiles to about two per cent, and the same for parts that are merged", () => {
    const whole = new Histogram();
    const merged = new Histogram();
    for (let part = 0; part < 4; part++) {
      const some = new Histogram();
      for (let ms = 1 + part; ms <= 1_000; ms += 4) {
        some.add(ms);
        whole.add(ms);
      }
      merged.merge(some.sparse());
    }
    const { count, p50, p99, max } = whole.percentiles();
    expect(count).to.equal(1_000);
    expect(p50).to.be.closeTo(500, 12);
    expect(p99).to.be.closeTo(990, 24);
    expect(max).to.be.closeTo(1_000, 24);
    expect(merged.percentiles()).to.deep.equal(whole.percentiles());
  });

  it("is all zeros when nothing was measured", () => {
    expect(new Histogram().percentiles()).to.deep.equal({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});

describe("the crowd's frames", () => {
  it("are read whole, however the server's bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 6 }), fc.nat(), (texts, seed) => {
        const bytes = Buffer.concat(texts.map((text) => Buffer.from(encodeTextFrame(text))));
        const cut = bytes.length === 0 ? 0 : seed % bytes.length;
        const heard: string[] = [];
        const take = ({ payload }: { payload: Buffer }): unknown => heard.push(payload.toString("utf8"));
        const rest = readFrames(bytes.subarray(0, cut), take);
        if (typeof rest === "string") throw new Error(rest);
        const left = readFrames(Buffer.concat([rest, bytes.subarray(cut)]), take);
        expect(left).to.have.length(0);
        expect(heard).to.deep.equal(texts);
      }),
    );
  });

  it("that a server may not send are complained about", () => {
    const ignore = (): void => {};
    expect(readFrames(maskedFrame(Opcode.text, Buffer.from("x")), ignore)).to.match(/mascarado/);
    expect(readFrames(Buffer.from([0x01, 0x01, 0x41]), ignore)).to.match(/pedaços/);
    expect(readFrames(Buffer.from([0x81, 126, 0xff, 0xff]), ignore)).to.match(/grande demais/);
  });
});

describe("the crowd's ear", () => {
  for (const [text, line] of [
    ["Estoque atual: 7", { kind: "left", left: 7 }],
    ["Compra realizada. Estoque restante: -1", { kind: "bought", left: -1 }],
    ["ESTOQUE: 0", { kind: "pushed", left: 0 }],
    ["AVISO: O estoque acabou de esgotar!", { kind: "sold_out_notice" }],
    ["AVISO: Venda pausada", { kind: "other_notice" }],
    ["ERRO: Produto esgotado", { kind: "refused", reason: "sold_out" }],
    ["ERRO: Muitas requisições. Tente em 3 s", { kind: "refused", reason: "rate_limited" }],
    ["ERRO: Outra coisa", { kind: "refused", reason: "other" }],
    ["Compra realizada. Estoque restante: muitos", { kind: "unknown" }],
    ["ESTOQUE:0", { kind: "unknown" }],
    ["", { kind: "unknown" }],
  ] as const) {
    it(`understands ${JSON.stringify(text)} as ${line.kind}`, () => {
      expect(readLine(text)).to.deep.equal(line);
    });
  }
});

describe("the remaining numbers", () => {
  it("tell repeated, negative, foreign and missing ones apart", () => {
    const remainings = new Remainings(4);
    for (const left of [3, 2, 2, 2, -1, 4, 0]) remainings.add(left);
    expect(remainings).to.include({ distinct: 3, repeated: 2, negative: 1, foreign: 1, missing: 1 });
    expect(remainings.examplesMissing(5)).to.deep.equal([1]);
  });
});
