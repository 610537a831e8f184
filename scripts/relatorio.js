/**
 * Measures what docs/relatorio.md tells, and writes its tables and pictures; the prose around them is nobody's but its
 * authors'. The figures go to docs/relatorio.json first, so that the document can be checked without measuring again:
 *
 *   npm run relatorio                 measures and writes (some minutes)
 *   npm run relatorio -- --render     writes again from the figures that are there
 *   npm run relatorio -- --check      says with exit code 1 what isn't as the figures say
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { drawSummary } from "../dist/src/lab/picture.js";
import { markdownTable } from "../dist/src/lab/table.js";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MAIN = "dist/src/main.js";
const DOCUMENT = "docs/relatorio.md";
const FIGURES = "docs/relatorio.json";
/** Connections whose memory is measured together, since one alone is lost in the noise. */
const CONNECTIONS = 1000;
/** Longer than one answer of /metrics stands in for the next. */
const METRICS_MS = 1500;

/** Each has its place in the document, by its name. `picture` says what its picture shows. */
const EXPERIMENTS = {
  sala: {
    words: ["--repetitions", "100"],
    picture: "as três estratégias sem proteção vendem mais de dez ingressos, as protegidas vendem dez",
  },
  turma: {
    words: ["--buyers", "64", "--repetitions", "50"],
    picture: "com 64 compradores o estrago cresce, e as protegidas continuam em dez",
  },
  calculo: { words: ["--work", "spin:50", "--repetitions", "100"] },
  relampago: { words: ["--work", "none", "--repetitions", "100"] },
  custo: { words: ["--buyers", "10000", "--stock", "10000", "--work", "none", "--repetitions", "30"] },
  mil: { words: ["--strategies", "mutex,cas,queue", "--repetitions", "1000"] },
};

/** The columns of the table of costs, by experiment. */
const COSTS = {
  sala: "12 compradores, espera de 2 ms",
  calculo: "12 compradores, 50 µs de cálculo",
  custo: "10.000 compradores, nada no meio",
};

process.chdir(ROOT);
const [mode] = process.argv.slice(2);
if (mode === "--check") process.exitCode = check();
else if (mode === "--render") write(JSON.parse(readFileSync(FIGURES, "utf8")));
else await measure();

async function measure() {
  const measured = {};
  for (const [name, { words }] of Object.entries(EXPERIMENTS)) {
    process.stderr.write(`bilheteria lab ${words.join(" ")}\n`);
    measured[name] = JSON.parse(
      execFileSync(process.execPath, [MAIN, "lab", ...words, "--json"], { encoding: "utf8" }),
    );
  }
  process.stderr.write(`a memória de ${CONNECTIONS} conexões\n`);
  const connections = {
    tcp: await measureConnections(openTcp),
    ws: await measureConnections(openWebSocket),
  };
  const [processor] = cpus();
  const machine = {
    day: new Date().toISOString().slice(0, 10),
    processors: cpus().length,
    model: (processor?.model ?? "desconhecido").trim(),
    node: process.version,
    system: process.platform,
  };
  const figures = { machine, connections, measured };
  writeFileSync(FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
  write(figures);
}

function write(figures) {
  for (const [path, text] of Object.entries(filesOf(figures))) writeFileSync(path, text);
}

function check() {
  const files = filesOf(JSON.parse(readFileSync(FIGURES, "utf8")));
  const wrong = Object.entries(files).filter(([path, text]) => readFileSync(path, "utf8") !== text);
  for (const [path] of wrong)
    process.stderr.write(`${path} não é o que ${FIGURES} diz: npm run relatorio -- --render\n`);
  return wrong.length === 0 ? 0 : 1;
}

/** Everything that is generated, by path. */
function filesOf(figures) {
  const { measured } = figures;
  const files = {};
  for (const [name, { picture }] of Object.entries(EXPERIMENTS)) {
    if (picture !== undefined) files[pictureOf(name)] = drawSummary(measured[name]);
  }
  return { ...files, [DOCUMENT]: fillIn(readFileSync(DOCUMENT, "utf8"), blocksOf(figures)) };
}

/** @returns what stands between the markers, by name. */
function blocksOf({ machine, connections, measured }) {
  const blocks = {
    maquina: describeMachine(machine),
    precos: costTable(measured),
    memoria: memoryTable(measured, connections),
  };
  for (const [name, { words, picture }] of Object.entries(EXPERIMENTS)) {
    const image =
      picture === undefined ? [] : [`![Gráfico: ${picture}](${pictureOf(name).replace("docs/", "")})`, ""];
    const command = ["```sh", `node ${MAIN} lab ${words.join(" ")}`, "```", ""];
    blocks[name] = [...command, ...image, markdownTable(measured[name])].join("\n");
  }
  return blocks;
}

/** @throws {Error} if the document lacks a marker, or has one that nobody fills. */
function fillIn(document, blocks) {
  const left = new Set(Object.keys(blocks));
  const filled = document.replaceAll(/<!-- medido: (\w+) -->[^]*?<!-- fim -->/g, (_, name) => {
    if (!left.delete(name)) throw new Error(`${DOCUMENT}: nada mede "${name}", ou o marcador está repetido`);
    return `<!-- medido: ${name} -->\n\n${blocks[name]}\n\n<!-- fim -->`;
  });
  if (left.size > 0) throw new Error(`${DOCUMENT}: falta o marcador de ${[...left].join(", ")}`);
  return filled;
}

function describeMachine({ day, processors, model, node, system }) {
  return `Medido em ${day}: ${processors} processadores ${model}, Node.js ${node}, ${system}, com outros programas rodando na mesma máquina.`;
}

function costTable(measured) {
  const columns = Object.keys(COSTS);
  const rows = measured.custo.strategies.map(({ name, title }) => {
    const rates = columns.map((experiment) => {
      const found = measured[experiment].strategies.find((strategy) => strategy.name === name);
      return spread(found.perSecond);
    });
    return [title, ...rates];
  });
  return table([["respostas por segundo", ...Object.values(COSTS)], ...rows]);
}

function memoryTable(measured, { tcp, ws }) {
  const { count, bytesEach } = measured.turma.threads;
  return table([
    ["o que se abre para cada comprador", "memória residente a mais", "medido com"],
    ["uma thread (do Node.js)", kib(bytesEach), `${number(count)} threads do lab`],
    ["uma conexão TCP", kib(tcp), `${number(CONNECTIONS)} conexões com o servidor`],
    ["uma conexão WebSocket", kib(ws), `${number(CONNECTIONS)} conexões com o servidor`],
  ]);
}

/** @returns bytes that the server grew by, for each connection. */
async function measureConnections(open) {
  const flags = [
    "--memory",
    "--admin-token",
    "so-para-esta-medida",
    "--port",
    "0",
    "--tcp-port",
    "0",
    "--host",
    "127.0.0.1",
    "--no-command-log",
  ];
  const server = spawn(process.execPath, [MAIN, "serve", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const ports = await listening(server);
    const before = await memoryOf(ports.http);
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(ports)));
    const after = await memoryOf(ports.http);
    for (const socket of sockets) socket.close();
    return Math.round((after - before) / CONNECTIONS);
  } finally {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
}

async function listening(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const { msg, http, tcp } = JSON.parse(line);
    if (msg === "listening") return { http: Number(new URL(http).port), tcp: Number(tcp.split(":").at(-1)) };
  }
  throw new Error("o servidor não começou");
}

async function memoryOf(port) {
  await new Promise((resolve) => setTimeout(resolve, METRICS_MS));
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const match = /^bilheteria_process_resident_memory_bytes (\S+)$/m.exec(await response.text());
  return Number(match[1]);
}

/** Each has asked once, as a buyer does. */
async function openTcp({ tcp }) {
  const socket = connect({ port: tcp, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write("CONSULTAR\n");
  await once(socket, "data");
  return { close: () => socket.destroy() };
}

async function openWebSocket({ http }) {
  const socket = new WebSocket(`ws://127.0.0.1:${http}/`);
  await once(socket, "open");
  socket.send("CONSULTAR");
  await once(socket, "message");
  return { close: () => socket.terminate() };
}

function pictureOf(name) {
  return `docs/images/lab-${name}.svg`;
}

function table(rows) {
  const [header = []] = rows;
  const lines = [header, header.map(() => "---"), ...rows.slice(1)];
  return lines.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function spread({ min, median, max }) {
  return `${number(median)} (${number(min)} a ${number(max)})`;
}

function kib(bytes) {
  return bytes >= 1024 * 1024
    ? `${number(Math.round(bytes / 1024 / 102.4) / 10)} MiB`
    : `${number(Math.round(bytes / 1024))} KiB`;
}

function number(value) {
  return value.toLocaleString("pt-BR");
}
