import { expect } from "chai";
import * as fc from "fast-check";
import { ReplyQueue, type Reply } from "../../../src/gateway/session/reply-queue.ts";

/** What may happen to a queue: a reply comes that is due, known or made in its turn, or one that is due is answered. */
type Deed =
  | { readonly kind: "due" | "made" }
  | { readonly kind: "known"; readonly text: string }
  | { readonly kind: "answer"; readonly which: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.constantFrom<Deed>({ kind: "due" }, { kind: "made" }),
  fc.constantFrom("busy", "busy", "busy", "sold out").map((text): Deed => ({ kind: "known", text })),
  fc.nat(20).map((which): Deed => ({ kind: "answer", which })),
);

describe("the replies of a connection", () => {
  it("leave in the order of its commands, each once and as soon as those before it have left", () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const queue = new ReplyQueue();
        const sent: string[] = [];
        const connection = { send: (text: string) => void sent.push(text) };
        /** The texts in order, null while one is due; those before `left` must have been sent. */
        const expected: (string | null)[] = [];
        const due: { place: number; reply: { text: string | null; next: Reply | null } }[] = [];
        for (const [i, deed] of deeds.entries()) {
          if (deed.kind === "due") {
            const reply = { text: null, next: null };
            due.push({ place: expected.push(null) - 1, reply });
            queue.add(reply);
          } else if (deed.kind === "made") {
            expected.push(`made ${i}`);
            queue.add({ text: () => [`made ${i}`], next: null });
          } else if (deed.kind === "known") {
            expected.push(deed.text);
            queue.addText(deed.text);
          } else if (deed.kind === "answer" && due.length > 0) {
            const [{ place, reply } = expect.fail()] = due.splice(deed.which % due.length, 1);
            reply.text = expected[place] = `answer ${place}`;
          }
          queue.advance(connection);
          const waiting = expected.indexOf(null);
          const left = waiting === -1 ? expected.length : waiting;
          expect(sent).to.deep.equal(expected.slice(0, left));
          expect(queue.length).to.equal(expected.length - left);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("may be asked for while one of them is made", () => {
    const queue = new ReplyQueue();
    const sent: string[] = [];
    queue.add({
      text: () => {
        queue.addText("behind it");
        return ["one", "two"];
      },
      next: null,
    });
    queue.advance({ send: (text) => void sent.push(text) });
    expect(sent).to.deep.equal(["one", "two", "behind it"]);
    expect(queue.length).to.equal(0);
  });
});
