/** Where one command ends and the next begins, as real clients send them. */
import { expect } from "chai";
import { startTestServer } from "../../support/start-server.ts";
import { TextClient } from "../../support/text-client.ts";
import { JsonClient, WsClient } from "../../support/ws-client.ts";

const HELP = "Comandos: CONSULTAR, COMPRAR [quantidade] [chave], INGRESSOS, ASSINAR, SILENCIAR, AJUDA, SAIR";
const UNKNOWN = "ERRO: Comando desconhecido. Envie AJUDA";
const TOO_LONG = "ERRO: Linha longa demais";
/** Longer than any test: what comes in spite of it doesn't come by waiting. */
const NEVER_MS = 3_600_000;
const PATIENT = { tcp: { bareCommandMs: NEVER_MS, unterminatedMs: NEVER_MS } };

async function tcp(limits = {}): Promise<TextClient> {
  const server = await startTestServer([], limits);
  return TextClient.connect(server.tcpPort);
}

describe("framing over TCP", () => {
  it("each reply is one line that ends with a newline", async () => {
    const client = await tcp();
    client.write("CONSULTAR\nVENDER\nSAIR\n");
    await client.untilEnd();
    expect(client.received.toString()).to.equal(`Estoque atual: 10\n${UNKNOWN}\nAté logo\n`);
  });

  it("lines may end with CRLF", async () => {
    const client = await tcp(PATIENT);
    client.write("CONSULTAR\r\nCOMPRAR\r\n\r\n");
    expect(await client.lines.take(3)).to.deep.equal([
      "Estoque atual: 10",
      "Compra realizada. Estoque restante: 9",
      HELP,
    ]);
  });

  it("a line may come in pieces, even within a character", async () => {
    const client = await tcp(PATIENT);
    const bytes = Buffer.from("COMPRAR 1 ação\nCONSULTAR\r\n");
    for (const byte of bytes) {
      client.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    expect(await client.lines.take(2)).to.deep.equal(["ERRO: Chave inválida", "Estoque atual: 10"]);
  });

  for (const [bare, answer] of [
    ["COMPRAR", /^Compra realizada\. Estoque restante: 9$/],
    ["CONSULTAR", /^Estoque atual: 10$/],
    ["comprar", /^Compra realizada\. Estoque restante: 9$/],
    ["AJUDA", /^Comandos: /],
    ["INGRESSOS", /^Nenhum ingresso$/],
    ["SAIR", /^Até logo$/],
  ] as const) {
    it(`${bare} without a newline is taken as a command after a short silence`, async () => {
      const client = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: NEVER_MS } });
      client.write(bare);
      expect(await client.next()).to.match(answer);
    });
  }

  it("a classroom client that never sends a newline is answered each time, one line per read", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: NEVER_MS } });
    for (const left of [9, 8, 7]) {
      client.write("COMPRAR");
      expect(await client.next()).to.equal(`Compra realizada. Estoque restante: ${left}`);
    }
    client.write("CONSULTAR");
    expect(await client.next()).to.equal("Estoque atual: 7");
  });

  it("a lone newline right after such a command is swallowed, CRLF too", async () => {
    for (const end of ["\n", "\r\n"]) {
      const client = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: NEVER_MS } });
      client.write("COMPRAR");
      expect(await client.next()).to.match(/: 9$/);
      client.write(end);
      expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 9");
    }
  });

  it("only one newline is swallowed", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: NEVER_MS } });
    client.write("COMPRAR");
    await client.next();
    client.write("\n\n");
    expect(await client.next()).to.equal(HELP);
  });

  it("after the first newline a bare command waits for its own", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 1, unterminatedMs: 1 } });
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
    client.write("COMPRAR");
    // A second connection is served meanwhile, and far longer than a millisecond passes.
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.write(" 3\n");
    expect(await client.next()).to.equal("Compra realizada. Estoque restante: 7");
  });

  it("unterminated bytes that spell no command get an error after the longer silence", async () => {
    const client = await tcp({ tcp: { bareCommandMs: NEVER_MS, unterminatedMs: 50 } });
    client.write("OLÁ");
    expect(await client.next()).to.equal(UNKNOWN);
    client.write("\n");
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  it("half a command isn't taken for it by the shorter silence", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 1, unterminatedMs: NEVER_MS } });
    client.write("COMP");
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.write("RAR");
    expect(await client.next()).to.equal("Compra realizada. Estoque restante: 9");
  });

  it("unterminated bytes that may go on never buy", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 1, unterminatedMs: 20 } });
    client.write("COMPRAR 1");
    expect(await client.next()).to.equal(UNKNOWN);
    expect(await client.ask("0")).to.equal(UNKNOWN);
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  it("the end of input completes the last command, and all replies are sent before the close", async () => {
    const client = await tcp(PATIENT);
    client.write("COMPRAR\nCOMPRAR 2 chave\nCONSULTAR");
    client.finish();
    await client.untilEnd();
    expect(client.lines.all).to.deep.equal([
      "Compra realizada. Estoque restante: 9",
      "Compra realizada. Estoque restante: 7",
      "Estoque atual: 7",
    ]);
  });

  it("the end of input with nothing before it is no command", async () => {
    const client = await tcp(PATIENT);
    client.finish();
    await client.untilEnd();
    expect(client.received.length).to.equal(0);
  });

  it("telnet's negotiation is skipped, wherever it comes", async () => {
    const client = await tcp(PATIENT);
    const DO = [255, 253, 3];
    const WILL = [255, 251, 24];
    const SUBNEGOTIATION = [255, 250, 24, 0, 10, 13, 255, 255, 65, 255, 240];
    const NOP = [255, 241];
    client.write(
      Buffer.from([...DO, ...WILL, ...Buffer.from("CONSUL"), ...SUBNEGOTIATION, ...Buffer.from("TAR\r\n")]),
    );
    expect(await client.next()).to.equal("Estoque atual: 10");
    for (const byte of [...NOP, ...Buffer.from("COMPRAR"), ...DO, 10]) client.write(Buffer.from([byte]));
    expect(await client.next()).to.equal("Compra realizada. Estoque restante: 9");
    expect(client.received.includes(255)).to.equal(false);
  });

  it("negotiation alone is no command, and isn't answered", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 1, unterminatedMs: 1 } });
    client.write(Buffer.from([255, 253, 3]));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  it("a line of 512 bytes is read, one of 513 is too long, CR not counted", async () => {
    const client = await tcp(PATIENT);
    const line = `CONSULTAR${" ".repeat(503)}`;
    client.write(`${line}\n${line}\r\n${line} \n`);
    expect(await client.lines.take(3)).to.deep.equal(["Estoque atual: 10", "Estoque atual: 10", TOO_LONG]);
  });

  it("a line that never ends is refused once, and the line after it is a command again", async () => {
    const client = await tcp(PATIENT);
    client.write("x".repeat(200_000));
    expect(await client.next()).to.equal(TOO_LONG);
    client.write(`${"x".repeat(1_000)}\nCONSULTAR\n`);
    expect(await client.next()).to.equal("Estoque atual: 10");
  });

  it("the zeros behind the strings of a client in C are skipped, with newlines and without", async () => {
    const bare = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: NEVER_MS } });
    for (const sent of ["CONSULTAR\0", `CONSULTAR${"\0".repeat(1_015)}`]) {
      bare.write(sent);
      expect(await bare.next()).to.equal("Estoque atual: 10");
    }
    const lines = await tcp(PATIENT);
    for (const sent of [
      "CONSULTAR\n\0",
      "CONSULTAR\0\n",
      `CONSULTAR\n${"\0".repeat(1_014)}`,
      "CONSULTAR\n",
    ]) {
      lines.write(sent);
      expect(await lines.next()).to.equal("Estoque atual: 10");
    }
    lines.write("SAIR\n\0");
    await lines.untilEnd();
    expect(lines.lines.all).to.have.length(5);
  });

  it("a classroom client whose line was too long is heard again after the longer silence", async () => {
    const client = await tcp({ tcp: { bareCommandMs: 20, unterminatedMs: 50 } });
    client.write("x".repeat(1_000));
    expect(await client.next()).to.equal(TOO_LONG);
    await new Promise((resolve) => setTimeout(resolve, 150));
    // Where something kept the loop busy, both silences end in one turn: the server's own, begun first, is heard first.
    await new Promise(setImmediate);
    client.write("CONSULTAR");
    expect(await client.next()).to.equal("Estoque atual: 10");
    client.write("\n");
    expect(await client.ask("COMPRAR")).to.equal("Compra realizada. Estoque restante: 9");
  });

  it("bytes that aren't UTF-8 are an unknown command", async () => {
    const client = await tcp(PATIENT);
    client.write(Buffer.from([0xff, 0xff, 0xfe, 0x80, 0x0a]));
    expect(await client.next()).to.equal(UNKNOWN);
    client.write(Buffer.from([0, 1, 2, 10]));
    expect(await client.next()).to.equal(UNKNOWN);
  });
});

describe("framing over WebSocket", () => {
  it("one message is one command and gets one message, without a newline", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("CONSULTAR")).to.equal("Estoque atual: 10");
  });

  it("one trailing newline is dropped", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    for (const end of ["\n", "\r\n"]) client.say(`CONSULTAR${end}`);
    client.say("AJUDA");
    expect(await client.messages.take(3)).to.deep.equal(["Estoque atual: 10", "Estoque atual: 10", HELP]);
  });

  it("a message of several lines is several commands, each answered by its own message", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    client.say("COMPRAR\r\nVENDER\n\nCONSULTAR\n");
    expect(await client.messages.take(4)).to.deep.equal([
      "Compra realizada. Estoque restante: 9",
      UNKNOWN,
      HELP,
      "Estoque atual: 9",
    ]);
  });

  it("an empty message gets the same line as AJUDA", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    expect(await client.ask("")).to.equal(HELP);
    expect(await client.ask("\n")).to.equal(HELP);
  });

  it("a JSON message may hold newlines", async () => {
    const server = await startTestServer();
    const client = await JsonClient.connect(server.httpPort);
    client.ws.say('{\n  "type": "query",\n  "id": "q"\n}\n');
    expect(await client.next()).to.include({ type: "stock", id: "q", available: 10 });
  });

  it("a message in fragments is one message", async () => {
    const server = await startTestServer();
    const client = await WsClient.connect(server.httpPort);
    client.socket.send("CONS", { fin: false });
    client.socket.send("ULTAR", { fin: true });
    expect(await client.next()).to.equal("Estoque atual: 10");
  });
});
