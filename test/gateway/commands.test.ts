/** Every command of the text dialect, over both transports that speak it. */
import { expect } from "chai";
import { askOrganiser } from "../support/http-client.ts";
import { TextClient } from "../support/text-client.ts";
import { startTestServer, type TestServer } from "../support/start-server.ts";
import { WsClient } from "../support/ws-client.ts";

const HELP = "Comandos: CONSULTAR, COMPRAR [quantidade] [chave], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR";
const CODE = "[34679CDFGHJKMNPQRTVWXY]{12}";

/** What is said one after the other on a fresh connection to a sale of 30, and what is answered. */
const ROWS: readonly (readonly [
  title: string,
  said: readonly string[],
  answers: readonly (string | RegExp)[],
])[] = [
  ["CONSULTAR tells the stock", ["CONSULTAR"], ["Estoque atual: 30"]],
  [
    "COMPRAR buys one ticket",
    ["COMPRAR", "CONSULTAR"],
    ["Compra realizada. Estoque restante: 29", "Estoque atual: 29"],
  ],
  ["COMPRAR <quantidade> buys that many", ["COMPRAR 4"], ["Compra realizada. Estoque restante: 26"]],
  ["COMPRAR 10 buys the most there is", ["COMPRAR 10"], ["Compra realizada. Estoque restante: 20"]],
  [
    "COMPRAR <quantidade> <chave> buys once however often it is said",
    ["COMPRAR 2 minha-Chave_1", "COMPRAR 1", "COMPRAR 2 minha-Chave_1", "CONSULTAR"],
    [
      "Compra realizada. Estoque restante: 28",
      "Compra realizada. Estoque restante: 27",
      "Compra realizada. Estoque restante: 28",
      "Estoque atual: 27",
    ],
  ],
  [
    "a key is case-sensitive",
    ["COMPRAR 1 chave", "COMPRAR 1 CHAVE"],
    ["Compra realizada. Estoque restante: 29", "Compra realizada. Estoque restante: 28"],
  ],
  ["INGRESSOS says when there are none", ["INGRESSOS"], ["Nenhum ingresso"]],
  [
    "INGRESSOS names the codes that this connection was given",
    ["COMPRAR 2", "INGRESSOS"],
    ["Compra realizada. Estoque restante: 28", new RegExp(`^Ingressos \\(2\\): ${CODE}, ${CODE}$`)],
  ],
  [
    "INGRESSOS names the newest 20 and how many in all",
    ["COMPRAR 10", "COMPRAR 10", "COMPRAR 5", "INGRESSOS"],
    [/20$/, /10$/, /5$/, new RegExp(`^Ingressos \\(25\\): ${CODE}(, ${CODE}){19}$`)],
  ],
  [
    "a receipt that is repeated adds no ticket to INGRESSOS",
    ["COMPRAR 1 k", "COMPRAR 1 k", "INGRESSOS"],
    [/29$/, /29$/, new RegExp(`^Ingressos \\(1\\): ${CODE}$`)],
  ],
  ["ASSINAR turns pushes on", ["ASSINAR"], ["Assinatura ativa"]],
  ["SILENCIAR turns pushes off", ["SILENCIAR"], ["Assinatura cancelada"]],
  ["AJUDA names the commands on one line", ["AJUDA"], [HELP]],
  ["an empty line gets the same line as AJUDA", [""], [HELP]],
  ["a line of white space gets the same line as AJUDA", [" \t "], [HELP]],
  [
    "commands are case-insensitive",
    ["consultar", "Comprar", "cOmPrAr 2", "ajuda"],
    ["Estoque atual: 30", /29$/, /27$/, HELP],
  ],
  [
    "white space around and between words is folded",
    ["  CONSULTAR  ", "\tCOMPRAR \t 2   k1\t"],
    ["Estoque atual: 30", "Compra realizada. Estoque restante: 28"],
  ],
  ["SAIR says goodbye", ["SAIR"], ["Até logo"]],
];

interface Talker {
  ask(line: string): Promise<string>;
  next(): Promise<string>;
}

const TRANSPORTS: readonly (readonly [string, (server: TestServer) => Promise<Talker>])[] = [
  ["raw TCP", (server) => TextClient.connect(server.tcpPort)],
  ["WebSocket text", (server) => WsClient.connect(server.httpPort)],
];

for (const [transport, connect] of TRANSPORTS) {
  describe(`commands over ${transport}`, () => {
    for (const [title, said, answers] of ROWS) {
      it(title, async () => {
        const server = await startTestServer(["--stock", "30"]);
        const client = await connect(server);
        for (const [i, line] of said.entries()) {
          const answer = await client.ask(line);
          const expected = answers[i]!;
          if (typeof expected === "string") expect(answer).to.equal(expected);
          else expect(answer).to.match(expected);
        }
      });
    }
  });
}

describe("commands", () => {
  it("INGRESSOS lists the newest ticket first", async () => {
    const server = await startTestServer(["--stock", "30"]);
    const client = await TextClient.connect(server.tcpPort);
    await client.ask("COMPRAR");
    const [, first] = (await client.ask("INGRESSOS")).split(": ");
    await client.ask("COMPRAR");
    expect(await client.ask("INGRESSOS")).to.match(new RegExp(`^Ingressos \\(2\\): ${CODE}, ${first}$`));
  });

  it("INGRESSOS lists only what its own connection was given", async () => {
    const server = await startTestServer(["--stock", "30"]);
    const one = await TextClient.connect(server.tcpPort);
    const other = await WsClient.connect(server.httpPort);
    await one.ask("COMPRAR 3");
    expect(await other.next()).to.equal("ESTOQUE: 27");
    expect(await other.ask("INGRESSOS")).to.equal("Nenhum ingresso");
  });

  it("a TCP connection says nothing before the first command", async () => {
    const server = await startTestServer();
    const client = await TextClient.connect(server.tcpPort);
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    expect(client.received.toString()).to.equal("Estoque atual: 10\n");
  });

  it("a WebSocket says nothing before the first command", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    expect(client.messages.all).to.deep.equal(["Estoque atual: 10"]);
  });

  it("SAIR ends a TCP connection after the goodbye, and nothing said after it is done", async () => {
    const server = await startTestServer();
    const client = await TextClient.connect(server.tcpPort);
    client.write("COMPRAR\nSAIR\nCOMPRAR\n");
    await client.untilEnd();
    expect(client.received.toString()).to.equal("Compra realizada. Estoque restante: 9\nAté logo\n");
    const other = await TextClient.connect(server.tcpPort);
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 9");
  });

  it("a sale other than the default is spoken to at /vendas/<id>", async () => {
    const server = await startTestServer();
    const sale = { id: "show", title: "Show", capacity: 3 };
    expect((await askOrganiser(server.httpPort, "POST", "/sales", sale)).status).to.equal(201);
    const client = await WsClient.connect(server.httpPort, { path: "/vendas/show" });
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 2");
    const other = await WsClient.connect(server.httpPort, { path: "/ws" });
    expect(await other.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });
});
