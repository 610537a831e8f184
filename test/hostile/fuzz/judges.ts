/** Sends one input and says what was wrong with the answer: null if nothing was. */
import { encodeFrame, OPCODE } from "../../support/raw-websocket-frame.ts";
import { openWebSocket, serverFrames, Wire, type ServerFrame } from "./exchange.ts";
import { readFrames, type Reading } from "./frame-model.ts";
import { judgeHttp } from "./http-model.ts";
import { answered, dueTo, judgeMessages } from "./json-model.ts";
import { saidToBytes, saidToMessage, untilQuit } from "./text-model.ts";
import { isPush, judgeAnswers, type Said } from "./words.ts";

export type Transport = "tcp" | "ws" | "json" | "http";

export interface Input {
  readonly transport: Transport;
  readonly bytes: Buffer;
  /** Where the bytes are cut into writes, rising. */
  readonly cuts: readonly number[];
  /** It is cut off, without a word, this many turns after its last byte was written; null if it is ended properly. */
  readonly breaksOff: number | null;
}

export interface Ports {
  readonly httpPort: number;
  readonly tcpPort: number;
}

const JSON_PROTOCOL = "bilheteria.json.v1";
/** What the judge closes with: nothing that the server would say by itself. */
const OUR_CODE = 3999;

export async function judge(input: Input, ports: Ports): Promise<string | null> {
  if (input.breaksOff !== null) return breakOff(input, input.breaksOff, ports);
  switch (input.transport) {
    case "tcp":
      return judgeTcp(input, ports.tcpPort);
    case "http":
      return judgeRequests(input, ports.httpPort);
    case "ws":
    case "json":
      return judgeWebSocket(input, ports.httpPort);
  }
}

/** Whatever is answered then goes nowhere; all that is asked of the server is to go on serving the others. */
async function breakOff(
  { transport, bytes, cuts }: Input,
  turns: number,
  ports: Ports,
): Promise<string | null> {
  const { httpPort, tcpPort } = ports;
  const isWebSocket = transport === "ws" || transport === "json";
  const wire = isWebSocket
    ? await openWebSocket(httpPort, transport === "json" ? JSON_PROTOCOL : null)
    : new Wire(transport === "tcp" ? tcpPort : httpPort);
  if (wire === null) return "a right handshake is refused";
  await wire.send(bytes, cuts);
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
  wire.socket.resetAndDestroy();
  return (await wire.untilEnd()) ? null : "a connection that was cut off doesn't end";
}

async function judgeTcp({ bytes, cuts }: Input, port: number): Promise<string | null> {
  const wire = new Wire(port);
  try {
    // Silence means something until there was a newline: what stands before it goes out in one piece.
    const newline = bytes.indexOf(10);
    await wire.send(bytes, newline === -1 ? [] : cuts.filter((cut) => cut > newline));
    wire.socket.end();
    if (!(await wire.untilEnd())) return "the server doesn't end the connection";
    const text = wire.received.toString("utf8");
    if (text !== "" && !text.endsWith("\n"))
      return `a line without its end: ${JSON.stringify(text.slice(-80))}`;
    const lines = text.split("\n").slice(0, -1);
    return judgeAnswers(
      saidToBytes(bytes),
      lines.filter((line) => !isPush(line)),
      true,
    );
  } finally {
    wire.close();
  }
}

async function judgeRequests({ bytes, cuts }: Input, port: number): Promise<string | null> {
  const wire = new Wire(port);
  try {
    await wire.send(bytes, cuts);
    wire.socket.end();
    if (!(await wire.untilEnd())) return "the server doesn't end the connection";
    return judgeHttp(bytes, wire.received);
  } finally {
    wire.close();
  }
}

async function judgeWebSocket({ transport, bytes, cuts }: Input, port: number): Promise<string | null> {
  const wire = await openWebSocket(port, transport === "json" ? JSON_PROTOCOL : null);
  if (wire === null) return "a right handshake is refused";
  try {
    const reading = readFrames(bytes);
    // The server closes after SAIR, and what the client does then may come before or after that.
    const saysGoodbye = transport === "ws" && reading.messages.some(isGoodbye);
    const verdict = transport === "json" ? dueInJson(reading) : dueInText(reading);
    await wire.send(bytes, cuts);
    const wrong = await followEnd(wire, reading, verdict, saysGoodbye);
    return wrong ?? judgePongs(reading, wire, reading.end.kind !== "closed" && !saysGoodbye);
  } finally {
    wire.close();
  }
}

/** Null when these messages are what is due, all of it if `isWhole`. */
type Verdict = (messages: readonly string[], isWhole: boolean) => string | null;

function dueInText({ messages }: Reading): Verdict {
  const expected = untilQuit(
    messages.flatMap(({ payload, isBinary }): (readonly Said[])[] =>
      isBinary ? [["binary"]] : saidToMessage(payload),
    ),
  );
  return (texts, isWhole) =>
    judgeAnswers(
      expected,
      texts.filter((text) => !isPush(text)),
      isWhole,
    );
}

function dueInJson({ messages }: Reading): Verdict {
  const dues = messages.map(({ payload, isBinary }) =>
    isBinary ? { types: ["error"] } : dueTo(payload.toString("utf8")),
  );
  return (texts, isWhole) => (isWhole && answered(dues, texts) ? null : judgeMessages(dues, texts, isWhole));
}

async function followEnd(
  wire: Wire,
  { end }: Reading,
  verdict: Verdict,
  saysGoodbye: boolean,
): Promise<string | null> {
  if (end.kind === "closed") {
    if (!(await wire.until(() => closeOf(wire) !== null))) return "no close answers what should be closed";
    const codes = saysGoodbye ? [...end.codes, 1000] : end.codes;
    return judgeClose(closeOf(wire), codes) ?? verdict(textsOf(wire), false);
  }
  await wire.until(() => closeOf(wire) !== null || verdict(textsOf(wire), true) === null);
  const wrong = verdict(textsOf(wire), true);
  if (wrong !== null) return wrong;
  const closes = end.kind === "open" && !saysGoodbye;
  if (closes) await wire.send(encodeFrame(OPCODE.close, Buffer.from([OUR_CODE >> 8, OUR_CODE & 255])));
  wire.socket.end();
  if (!(await wire.untilEnd())) return "the server doesn't end the connection";
  if (saysGoodbye) return judgeClose(closeOf(wire), [1000]);
  return closes ? judgeClose(closeOf(wire), [OUR_CODE]) : null;
}

function isGoodbye({ payload, isBinary }: Reading["messages"][number]): boolean {
  return !isBinary && saidToMessage(payload).some((said) => said.length === 1 && said[0] === "quit");
}

/** Null: no close; else its code, undefined where it has none. */
function closeOf(wire: Wire): { readonly code: number | undefined } | null {
  const close = framesOf(wire).find(({ opcode }) => opcode === OPCODE.close);
  if (close === undefined) return null;
  return { code: close.payload.length >= 2 ? close.payload.readUInt16BE(0) : undefined };
}

function judgeClose(
  close: { readonly code: number | undefined } | null,
  codes: readonly (number | undefined)[],
): string | null {
  if (close === null) return `no close; due was ${codes.join(" or ")}`;
  return codes.includes(close.code) ? null : `closed with ${close.code} instead of ${codes.join(" or ")}`;
}

/** Pongs are those of the pings, in order; where the connection is closed early some may be missing. */
function judgePongs({ pings }: Reading, wire: Wire, isWhole: boolean): string | null {
  const frames = serverFrames(wire.received);
  if (frames === null) return "the server's own frames break the protocol";
  if (frames.filter(({ opcode }) => opcode === OPCODE.close).length > 1) return "two closes";
  const pongs = frames
    .filter(({ opcode }) => opcode === OPCODE.pong)
    .map(({ payload }) => payload.toString("hex"));
  const due = pings.map((payload) => payload.toString("hex"));
  const wanted = isWhole ? due : due.slice(0, pongs.length);
  return pongs.join() === wanted.join() ? null : `pongs ${pongs.join()} to pings ${due.join()}`;
}

function framesOf(wire: Wire): ServerFrame[] {
  return serverFrames(wire.received) ?? [];
}

function textsOf(wire: Wire): string[] {
  return framesOf(wire)
    .filter(({ opcode }) => opcode === OPCODE.text)
    .map(({ payload }) => payload.toString("utf8"));
}
