/** The fuzzer's own parts: a judge that lets everything pass would find nothing. */
import { expect } from "chai";
import { encodeFrame, OPCODE } from "../support/raw-websocket-frame.ts";
import { readFrames } from "./fuzz/frame-model.ts";
import { makeInput } from "./fuzz/generator.ts";
import { judgeHttp } from "./fuzz/http-model.ts";
import { dueTo, judgeMessages } from "./fuzz/json-model.ts";
import { shrink } from "./fuzz/shrinker.ts";
import { saidToBytes } from "./fuzz/text-model.ts";
import { judgeAnswers } from "./fuzz/words.ts";

const problem = (detail: string, status = 400): Buffer => {
  const body = JSON.stringify({
    type: "about:blank",
    title: "Bad Request",
    status,
    reason: "bad_body",
    detail,
  });
  return Buffer.from(
    `HTTP/1.1 ${status} Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};

describe("the fuzzer's judges", () => {
  it("take the right lines, and see one too many, one too few, and words that leak", () => {
    const asked = saidToBytes(Buffer.from("CONSULTAR\nnada\n"));
    const right = ["Estoque atual: 3", "ERRO: Comando desconhecido. Envie AJUDA"];
    expect(judgeAnswers(asked, right, true)).to.equal(null);
    expect(judgeAnswers(asked, right.slice(0, 1), true)).to.include("missing");
    expect(judgeAnswers(asked, [...right, "Até logo"], true)).to.include("nothing asked for");
    for (const leak of [
      "ERRO: undefined",
      "ERRO: Unexpected token",
      "ERRO: Comando desconhecido. Envie AJUDA\n    at f",
    ]) {
      expect(judgeAnswers(asked, [right[0]!, leak], true), leak).to.include("should be");
    }
  });

  it("take a problem in the protocol's words, and no other", () => {
    const sent = Buffer.from("x");
    expect(judgeHttp(sent, problem("O corpo não é JSON"))).to.equal(null);
    expect(judgeHttp(sent, problem("Invalid input: expected string"))).to.include("words");
    expect(judgeHttp(sent, problem("O corpo não é JSON", 418))).to.include("418");
    expect(judgeHttp(sent, Buffer.alloc(0))).to.equal("no answer at all");
    expect(judgeHttp(sent, problem("O corpo não é JSON").subarray(0, -1))).to.include("bytes of");
    expect(judgeHttp(sent, Buffer.concat([problem("O corpo não é JSON"), Buffer.from("x")]))).to.include(
      "not an answer",
    );
  });

  it("take the JSON answers that are due, with their ids, and no others", () => {
    const dues = [dueTo('{"type":"query","id":"a"}'), dueTo("nada")];
    const stock = '{"type":"stock","id":"a"}';
    const error = '{"type":"error","code":"bad_message","message":"A mensagem não é JSON"}';
    expect(judgeMessages(dues, [stock, '{"type":"stock"}', error], true)).to.equal(null);
    expect(judgeMessages(dues, [error, stock], true)).to.include("was due");
    expect(judgeMessages(dues, [stock], true)).to.include("no answer");
    expect(
      judgeMessages(dues, [stock, error.replace("A mensagem não é JSON", "Unexpected end")], true),
    ).to.include("words");
  });

  it("know the code of a broken frame, and where one isn't whole yet", () => {
    const text = encodeFrame(OPCODE.text, Buffer.from("CONSULTAR"));
    expect(readFrames(text)).to.deep.include({ end: { kind: "open" } });
    expect(readFrames(text.subarray(0, -1))).to.deep.include({ end: { kind: "unfinished" } });
    const broken = Buffer.concat([text, encodeFrame(5, Buffer.alloc(0))]);
    expect(readFrames(broken)).to.deep.include({ end: { kind: "closed", codes: [1002] } });
    expect(readFrames(broken).messages).to.have.length(1);
  });

  it("make the same input of the same seed, of every transport", () => {
    const inputs = Array.from({ length: 200 }, (_, seed) => makeInput(seed));
    expect(inputs.map(({ bytes }) => bytes.toString("hex"))).to.deep.equal(
      inputs.map((_, seed) => makeInput(seed).bytes.toString("hex")),
    );
    expect(new Set(inputs.map(({ transport }) => transport))).to.have.property("size", 4);
  });

  it("shrink an input to what makes it fail", async () => {
    const bytes = Buffer.from(`${"a".repeat(200)}!${"b".repeat(200)}?`);
    const fails = (input: { bytes: Buffer }): Promise<boolean> =>
      Promise.resolve(input.bytes.includes("!") && input.bytes.includes("?"));
    const small = await shrink({ transport: "tcp", bytes, cuts: [5, 300], breaksOff: null }, fails);
    expect(small).to.deep.equal({ transport: "tcp", bytes: Buffer.from("!?"), cuts: [], breaksOff: null });
  });
});
