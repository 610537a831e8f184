/** The programs that people really use, as they are: wscat, nc, telnet, and the classroom's Python client. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { cleanup } from "../support/cleanup.ts";
import { buy } from "../support/http-client.ts";
import { eventually, within } from "../support/inbox.ts";
import { startTestServer } from "../support/start-server.ts";

const WSCAT = fileURLToPath(new URL("../../../node_modules/wscat/bin/wscat", import.meta.url));
const CLASS_PAGE = fileURLToPath(new URL("../../../README.pt-BR.md", import.meta.url));
const SOLD_OUT = "AVISO: O estoque acabou de esgotar!";
const CLOCK_MS = 15_000;

interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything that it printed. */
  text(): string;
  type(text: string): void;
  /** Until it printed this. */
  shows(text: string): Promise<unknown>;
  readonly exit: Promise<number | null>;
}

function start(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: "pipe" });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more));
  child.stdin.on("error", () => {});
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  cleanup(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  return {
    child,
    text: () => text,
    type: (words) => child.stdin.write(words),
    shows: (words) => eventually(() => text.includes(words), `${command} shows ${words}; it shows: ${text}`),
    exit,
  };
}

/** Skips loudly what isn't on this machine. */
function needs(context: Mocha.Context, command: string, args: readonly string[]): void {
  const { error } = spawnSync(command, args, { timeout: CLOCK_MS });
  if (error === undefined || (error as NodeJS.ErrnoException).code !== "ENOENT") return;
  console.warn(`    !! SKIPPED, there is no ${command} here`);
  context.skip();
}

/** Runs a line of shell to its end and returns what it printed. */
async function shell(line: string): Promise<string> {
  const program = start("sh", ["-c", line]);
  await within(program.exit, line);
  return program.text();
}

describe("wscat", function () {
  this.timeout(60_000);

  it("buys, is pushed to, hears the AVISO, and leaves after SAIR", async () => {
    const { httpPort } = await startTestServer(["--stock", "3"]);
    const wscat = start(process.execPath, [WSCAT, "-c", `ws://127.0.0.1:${httpPort}`]);
    // Without a terminal it doesn't say when it is connected, and drops what is typed before that.
    await eventually(() => {
      wscat.type("CONSULTAR\n");
      return wscat.text().includes("Estoque atual: 3");
    }, "wscat is connected and answered");
    wscat.type("comprar\n");
    await wscat.shows("Compra realizada. Estoque restante: 2");
    await buy(httpPort, "k");
    await wscat.shows("ESTOQUE: 1");
    wscat.type("VENDER\n");
    await wscat.shows("ERRO: Comando desconhecido. Envie AJUDA");
    wscat.type("COMPRAR\n");
    await wscat.shows("Compra realizada. Estoque restante: 0");
    await wscat.shows(SOLD_OUT);
    wscat.type("COMPRAR\n");
    await wscat.shows("ERRO: Produto esgotado");
    wscat.type("SAIR\n");
    await wscat.shows("Até logo");
    await within(wscat.exit, "wscat leaves");
  });

  it("speaks JSON with the subprotocol", async () => {
    const { httpPort } = await startTestServer();
    const args = [WSCAT, "-c", `ws://127.0.0.1:${httpPort}`, "-s", "bilheteria.json.v1"];
    const wscat = start(process.execPath, args);
    await wscat.shows('"type":"hello"');
    wscat.type('{"type":"buy","id":"k","quantity":1}\n');
    await wscat.shows('"type":"receipt"');
  });
});

describe("nc", function () {
  this.timeout(60_000);
  before(function () {
    needs(this, "nc", ["-h"]);
  });

  for (const [name, flags] of [
    ["nc", []],
    ["nc -C, which ends lines with CRLF,", ["-C"]],
  ] as const) {
    it(`${name} buys and is answered line by line`, async () => {
      const { tcpPort } = await startTestServer(["--stock", "2"]);
      const nc = start("nc", [...flags, "127.0.0.1", String(tcpPort)]);
      nc.type("CONSULTAR\n");
      await nc.shows("Estoque atual: 2\n");
      nc.type("COMPRAR\n");
      await nc.shows("Compra realizada. Estoque restante: 1\n");
      nc.type("COMPRAR\n");
      await nc.shows(`Compra realizada. Estoque restante: 0\n${SOLD_OUT}\n`);
      nc.type("SAIR\n");
      await nc.shows("Até logo\n");
      expect(nc.text()).to.equal(
        `Estoque atual: 2\nCompra realizada. Estoque restante: 1\nCompra realizada. Estoque restante: 0\n${SOLD_OUT}\nAté logo\n`,
      );
    });
  }

  for (const [line, answers] of [
    [
      "printf 'CONSULTAR\\nCOMPRAR 2\\nSAIR\\n'",
      "Estoque atual: 10\nCompra realizada. Estoque restante: 8\nAté logo\n",
    ],
    ["printf 'COMPRAR\\nCONSULTAR'", "Compra realizada. Estoque restante: 9\nEstoque atual: 9\n"],
    ["printf 'COMPRAR'", "Compra realizada. Estoque restante: 9\n"],
    ["printf 'COMPRAR 3 chave'", "Compra realizada. Estoque restante: 7\n"],
    ["echo COMPRAR", "Compra realizada. Estoque restante: 9\n"],
  ] as const) {
    it(`${line} | nc -N prints every answer before it ends`, async () => {
      const { tcpPort } = await startTestServer();
      expect(await shell(`${line} | nc -N 127.0.0.1 ${tcpPort}`)).to.equal(answers);
    });
  }
});

describe("telnet", function () {
  this.timeout(60_000);
  before(function () {
    needs(this, "telnet", ["--nothing"]);
  });

  it("buys and is answered, whatever it negotiates", async () => {
    const { tcpPort } = await startTestServer();
    const telnet = start("telnet", ["127.0.0.1", String(tcpPort)]);
    await telnet.shows("Connected to");
    telnet.type("CONSULTAR\n");
    await telnet.shows("Estoque atual: 10");
    telnet.type("COMPRAR 2\n");
    await telnet.shows("Compra realizada. Estoque restante: 8");
    telnet.type("SAIR\n");
    await telnet.shows("Até logo");
    await within(telnet.exit, "telnet leaves");
  });
});

const CLASSROOM = `
import socket, sys
port = int(sys.argv[1])
s = socket.create_connection(("127.0.0.1", port))
for command in (b"CONSULTAR", b"COMPRAR", b"COMPRAR", b"CONSULTAR", b"VENDER"):
    s.send(command)
    print(s.recv(1024).decode().strip())
s.close()
`;

/** All connect first, and buy when all were answered once; each prints what it heard until the AVISO. */
const CROWD = `
import socket, sys, threading
port = int(sys.argv[1])
together = threading.Barrier(20)
printing = threading.Lock()
def buyer():
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(30)
    s.send(b"CONSULTAR")
    s.recv(1024)
    together.wait()
    s.send(b"COMPRAR")
    heard = ""
    while "AVISO" not in heard or not ("Compra" in heard or "ERRO" in heard):
        heard += s.recv(1024).decode()
    with printing:
        print(heard.replace("\\n", "|"), flush=True)
    s.close()
threads = [threading.Thread(target=buyer) for _ in range(20)]
for t in threads: t.start()
for t in threads: t.join()
`;

describe("the classroom's Python client", function () {
  this.timeout(60_000);
  before(function () {
    needs(this, "python3", ["--version"]);
  });

  it("as README.pt-BR.md has it, buys two", async () => {
    const { tcpPort } = await startTestServer();
    const python = start("python3", ["-u", "-c", onThePage(0, tcpPort)]);
    expect(await within(python.exit, "the client ends", 30_000), python.text()).to.equal(0);
    expect(python.text().trim()).to.equal("Compra realizada. Estoque restante: 8");
  });

  it("as README.pt-BR.md has it line by line, takes no AVISO for its answer", async () => {
    const { tcpPort, httpPort } = await startTestServer();
    const program = onThePage(1, tcpPort).replace(/(?=print\(pedir)/, 'print("conectado"); input()\n');
    const python = start("python3", ["-u", "-c", `${program}print(pedir("SAIR"))`]);
    await python.shows("conectado");
    await buy(httpPort, "todos", { quantity: 10, buyer: "ana" });
    python.type("\n");
    expect(await within(python.exit, "the client ends", 30_000), python.text()).to.equal(0);
    const [, ...heard] = python.text().trim().split("\n");
    expect(heard).to.deep.equal([SOLD_OUT, "ERRO: Produto esgotado", "Até logo"]);
  });

  it("sends without a newline, reads once, and gets the answer to what it sent", async () => {
    const { tcpPort } = await startTestServer();
    const python = start("python3", ["-c", CLASSROOM, String(tcpPort)]);
    expect(await within(python.exit, "the client ends", 30_000)).to.equal(0);
    expect(python.text()).to.equal(
      [
        "Estoque atual: 10",
        "Compra realizada. Estoque restante: 9",
        "Compra realizada. Estoque restante: 8",
        "Estoque atual: 8",
        "ERRO: Comando desconhecido. Envie AJUDA",
        "",
      ].join("\n"),
    );
  });

  it("twenty threads of it for ten tickets: ten buy, ten are refused, and each hears one AVISO", async () => {
    const { tcpPort } = await startTestServer();
    const python = start("python3", ["-c", CROWD, String(tcpPort)]);
    expect(await within(python.exit, "the crowd ends", 45_000), python.text()).to.equal(0);
    const heard = python
      .text()
      .trim()
      .split("\n")
      .map((line) => line.split("|").filter((part) => part !== ""));
    const answers = heard.map((parts) => parts.filter((part) => !part.startsWith("AVISO")));
    expect(answers.map((parts) => parts.length)).to.deep.equal(Array.from({ length: 20 }, () => 1));
    const bought = answers
      .flat()
      .filter((answer) => answer.startsWith("Compra realizada. Estoque restante: "));
    expect(new Set(bought).size).to.equal(10);
    expect(answers.flat().filter((answer) => answer === "ERRO: Produto esgotado")).to.have.length(10);
    for (const parts of heard) expect(parts.filter((part) => part === SOLD_OUT)).to.have.length(1);
  });
});

/** A program of the class's page, for this port. */
function onThePage(index: number, port: number): string {
  const [...blocks] = readFileSync(CLASS_PAGE, "utf8").matchAll(/^ *```python\n([^]*?)^ *```/gm);
  const program = (blocks[index]?.[1] ?? "").replaceAll(/^ {2}/gm, "");
  expect(program).to.include("12346");
  return program.replace("12346", String(port));
}
