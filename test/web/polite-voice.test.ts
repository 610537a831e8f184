import { expect } from "chai";
import { array, assert, nat, property, tuple } from "fast-check";
import { PoliteVoice } from "../../web/polite-voice.ts";
import { ManualTime } from "../support/manual-time.ts";
import { timersOf } from "./fakes.ts";

const GAP_MS = 4_000;

function setUp(): { time: ManualTime; voice: PoliteVoice; said: string[] } {
  const time = new ManualTime();
  const said: string[] = [];
  const voice = new PoliteVoice(timersOf(time), GAP_MS, (text) => said.push(text));
  return { time, voice, said };
}

describe("the page's polite voice", () => {
  it("says the first number at once and then the newest now and then", () => {
    const { time, voice, said } = setUp();
    for (let left = 10; left >= 4; left--) voice.tell("open", String(left));
    expect(said).to.deep.equal(["10"]);
    time.advance(GAP_MS - 1);
    expect(said).to.deep.equal(["10"]);
    time.advance(1);
    expect(said).to.deep.equal(["10", "4"]);
  });

  it("says at once what is about something else", () => {
    const { time, voice, said } = setUp();
    voice.tell("open", "10");
    voice.tell("open", "5");
    voice.tell("sold_out", "0");
    expect(said).to.deep.equal(["10", "0"]);
    time.advance(GAP_MS);
    expect(said).to.deep.equal(["10", "0"]);
  });

  it("has said the truth within the gap, whatever came and when, and no text twice in a row", () => {
    assert(
      property(array(tuple(nat(3), nat(9), nat(6_000)), { minLength: 1 }), (told) => {
        const { time, voice, said } = setUp();
        for (const [topic, text, pause] of told) {
          voice.tell(String(topic), String(text));
          time.advance(pause);
        }
        time.advance(GAP_MS);
        expect(said.at(-1)).to.equal(String(told.at(-1)![1]));
        expect(said.every((text, i) => i === 0 || text !== said[i - 1])).to.equal(true);
      }),
    );
  });
});
