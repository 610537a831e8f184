/** JSON that broke other programs: over WebSocket and HTTP it gets one clear answer, and pollutes nothing. */
import { expect } from "chai";
import { askOrganiser, audit, buy } from "../support/http-client.ts";
import { openTestServer, type TestServer } from "../support/start-server.ts";
import { JsonClient, type Json } from "../support/ws-client.ts";

const deep = (open: string, close: string, times: number): string => open.repeat(times) + close.repeat(times);

const WRONG: readonly (readonly [what: string, text: string, words: string])[] = [
  ["nothing", "", "A mensagem não é JSON"],
  ["white space", " \n\t", "A mensagem não é JSON"],
  ["half an object", '{"type":"query"', "A mensagem não é JSON"],
  ["two objects", "{}{}", "A mensagem não é JSON"],
  ["a byte order mark before an object", '\ufeff{"type":"query"}', "A mensagem não é JSON"],
  ["single quotes", "{'type':'query'}", "A mensagem não é JSON"],
  ["a comma too many", '{"type":"query",}', "A mensagem não é JSON"],
  ["NaN", '{"type":"buy","id":"k","quantity":NaN}', "A mensagem não é JSON"],
  ["null", "null", "Mensagem inválida: um objeto com um type conhecido"],
  ["a number", "1e999", "Mensagem inválida: um objeto com um type conhecido"],
  ["an array", '[{"type":"query"}]', "Mensagem inválida: um objeto com um type conhecido"],
  [
    "two thousand arrays in one another",
    deep("[", "]", 2_000),
    "Mensagem inválida: um objeto com um type conhecido",
  ],
  ["no type", "{}", "Mensagem inválida: campo type"],
  ["a type from the prototype", '{"type":"constructor"}', "Mensagem inválida: campo type"],
  ["a type that is named __proto__", '{"type":"__proto__"}', "Mensagem inválida: campo type"],
  ["a type of another kind", '{"type":{"toString":"query"}}', "Mensagem inválida: campo type"],
  ["a type in __proto__ alone", '{"__proto__":{"type":"query"}}', "Mensagem inválida: campo type"],
  [
    "a type in constructor.prototype alone",
    '{"constructor":{"prototype":{"type":"query"}}}',
    "Mensagem inválida: campo type",
  ],
  ["an id that is too long", `{"type":"query","id":"${"x".repeat(65)}"}`, "Mensagem inválida: campo id"],
  ["an id that is a number", '{"type":"buy","id":1}', "Mensagem inválida: campo id"],
  [
    "a buyer with half of a pair",
    '{"type":"buy","id":"k","buyer":"\\ud800"}',
    "Mensagem inválida: campo buyer",
  ],
  ["a buyer that is an object", '{"type":"buy","id":"k","buyer":{}}', "Mensagem inválida: campo buyer"],
  [
    "an epoch beyond what is exact",
    '{"type":"subscribe","from":{"epoch":9007199254740993,"offset":0}}',
    "Mensagem inválida: campo from.epoch",
  ],
  [
    "an offset without an epoch",
    '{"type":"subscribe","from":{"offset":0}}',
    "Mensagem inválida: campo from.epoch",
  ],
];

describe("hostile JSON over WebSocket", () => {
  let server: TestServer;
  before(async () => (server = await openTestServer(["--stock", "100", "--rate-limit", "0"])));
  after(() => server.stop());

  for (const [what, text, words] of WRONG) {
    it(`${what} gets one error in words, and the connection goes on`, async () => {
      const client = await JsonClient.connect(server.httpPort);
      client.ws.say(text);
      const answer = await client.next();
      expect(answer).to.include({ type: "error", code: "bad_message", message: words });
      expect(await client.ask({ type: "query", id: "q" })).to.include({ type: "stock", id: "q" });
    });
  }

  for (const quantity of [
    "0",
    "-0",
    "11",
    "1.5",
    "1e400",
    "-1e400",
    "1e-400",
    '"1"',
    "[1]",
    "{}",
    "true",
    "null",
    "9007199254740993",
  ]) {
    it(`a quantity of ${quantity} is refused and buys nothing`, async () => {
      const client = await JsonClient.connect(server.httpPort);
      const before = await audit(server.httpPort);
      client.ws.say(`{"type":"buy","id":"k","quantity":${quantity}}`);
      expect(await client.next()).to.include({ type: "rejected", reason: "bad_quantity" });
      expect(await audit(server.httpPort)).to.deep.equal(before);
    });
  }

  it("of two fields with one name the last counts, once", async () => {
    const client = await JsonClient.connect(server.httpPort);
    client.ws.say('{"type":"query","type":"buy","id":"a","id":"twice","quantity":9,"quantity":1}');
    const receipt = await client.next();
    expect(receipt).to.include({ type: "receipt", id: "twice" });
    expect(receipt["tickets"]).to.have.length(1);
  });

  it("names of the prototype are only names, and reach no other object", async () => {
    const client = await JsonClient.connect(server.httpPort);
    client.ws.say(
      '{"type":"query","id":"p","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    expect(await client.next()).to.include({ type: "stock", id: "p" });
    expect(({} as Json)["polluted"]).to.equal(undefined);
    for (const key of ["__proto__", "constructor", "toString"]) {
      expect(await client.ask({ type: "buy", id: key })).to.include({ type: "receipt", id: key });
      expect(await client.ask({ type: "buy", id: key, quantity: 2 })).to.include({
        reason: "idempotency_mismatch",
      });
    }
  });

  it("an id with half of a surrogate pair comes back as it was sent", async () => {
    const client = await JsonClient.connect(server.httpPort);
    client.ws.say('{"type":"query","id":"\\ud800"}');
    expect(await client.next()).to.include({ type: "stock", id: "\ud800" });
  });
});

describe("hostile JSON over HTTP", () => {
  let server: TestServer;
  before(async () => (server = await openTestServer(["--stock", "100", "--rate-limit", "0"])));
  after(() => server.stop());

  for (const [what, body, words] of [
    ["half an object", "{", "O corpo não é JSON"],
    ["a byte order mark before an object", "\ufeff{}", "O corpo não é JSON"],
    ["null", "null", "O corpo não é o objeto esperado"],
    ["an array", "[]", "O corpo não é o objeto esperado"],
    ["seven thousand arrays in one another", deep("[", "]", 7_000), "O corpo não é o objeto esperado"],
    ["a buyer with a colon", '{"buyer":"ip:127.0.0.1"}', "Campo inválido: buyer"],
    ["a buyer that is null", '{"buyer":null}', "Campo inválido: buyer"],
  ] as const) {
    it(`${what} gets 400 and a problem in words`, async () => {
      const answer = await buy(server.httpPort, "k", body);
      expect(answer.status).to.equal(400);
      expect(answer.json()).to.include({ reason: "bad_body", detail: words });
    });
  }

  it("a sale named like the prototype is a sale", async () => {
    for (const id of ["__proto__", "constructor"]) {
      expect((await buy(server.httpPort, "k", {}, id)).status).to.equal(404);
      const made = await askOrganiser(
        server.httpPort,
        "POST",
        "/sales",
        `{"id":"${id}","title":"x","capacity":2}`,
      );
      expect(made.status).to.equal(201);
      expect((await buy(server.httpPort, "k", {}, id)).json()).to.include({ sale: id, remaining: 1 });
      expect(await audit(server.httpPort, id)).to.include({ sold: 1, balanced: true });
    }
    expect(await audit(server.httpPort)).to.include({ sold: 0 });
  });

  it("a title with half of a surrogate pair, or with quotes and odd line ends, survives as it was sent", async () => {
    for (const [id, title] of [
      ["half", "\ud800"],
      ["quotes", 'a"b\\c\u2028d'],
    ] as const) {
      const made = await askOrganiser(server.httpPort, "POST", "/sales", { id, title, capacity: 1 });
      expect([made.status, made.json()["title"]]).to.deep.equal([201, title]);
    }
  });
});
