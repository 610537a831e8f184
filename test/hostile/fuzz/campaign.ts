/**
 * Many inputs against one server, and beside them clients who behave: they have to be answered as if nobody else were
 * there. Afterwards the books balance, no session failed, and the server has let go of every socket.
 */
import { makeInput } from "./generator.ts";
import { openWebSocket, PATIENCE_MS, serverFrames, Wire } from "./exchange.ts";
import { encodeFrame, OPCODE } from "../../support/raw-websocket-frame.ts";
import { judge, type Input, type Ports } from "./judges.ts";
import { seedOf } from "./random.ts";
import { shrink } from "./shrinker.ts";
import { descriptorsOf, memoryOf, startVictim, type Victim } from "./victim.ts";

export interface Plan {
  readonly seed: number;
  /** Inputs at most. */
  readonly inputs: number;
  readonly seconds: number;
  /** The first input's number. */
  readonly from: number;
}

export interface Outcome {
  readonly inputs: number;
  readonly bytes: number;
  readonly memoryMb: readonly (number | null)[];
  /** Null if everything was right. */
  readonly failure: string | null;
}

/** Inputs under way at once, between two looks at those who behave. */
const AT_ONCE = 16;

/** Mebibytes that a server may grow by, whatever was thrown at it: what its limits allow these connections, and V8's slack. */
const GROWTH_MB = 160;

export async function runCampaign(plan: Plan): Promise<Outcome> {
  const server = await startVictim(["--stock", "300", "--rate-limit", "0"]);
  try {
    return await attack(server, plan);
  } finally {
    await server.stop();
  }
}

async function attack(server: Victim, plan: Plan): Promise<Outcome> {
  const witnesses = await Witnesses.open(server);
  const before = descriptorsOf(server);
  const memoryBefore = memoryOf(server);
  const deadline = performance.now() + plan.seconds * 1_000;
  let number = plan.from;
  let bytes = 0;
  let failure: string | null = null;
  while (failure === null && number < plan.from + plan.inputs && performance.now() < deadline) {
    const numbers = Array.from(
      { length: Math.min(AT_ONCE, plan.from + plan.inputs - number) },
      (_, i) => number + i,
    );
    number += numbers.length;
    const inputs = numbers.map((each) => makeInput(seedOf(plan.seed, each)));
    bytes += inputs.reduce((sum, input) => sum + input.bytes.length, 0);
    const verdicts = await Promise.all(inputs.map((input) => judgeSafely(input, server)));
    const bad = verdicts.findIndex((verdict) => verdict !== null);
    if (bad !== -1) failure = await explain(inputs[bad]!, verdicts[bad]!, numbers[bad]!, server, plan);
    failure ??= server.gone() ?? (await witnesses.complain());
    if (failure !== null && bad === -1)
      failure += ` (seed ${plan.seed}, among inputs ${numbers[0]} to ${number - 1})`;
  }
  failure ??= await complainAfterwards(server, before, memoryBefore);
  witnesses.close();
  return { inputs: number - plan.from, bytes, memoryMb: [memoryBefore, memoryOf(server)], failure };
}

async function judgeSafely(input: Input, ports: Ports): Promise<string | null> {
  try {
    return await judge(input, ports);
  } catch (cause) {
    return `the fuzzer itself failed: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`;
  }
}

/** The failure with everything that it takes to see it again, as small as it gets. */
async function explain(
  input: Input,
  verdict: string,
  number: number,
  server: Victim,
  plan: Plan,
): Promise<string> {
  const again = `npm run fuzz -- --seed ${plan.seed} --from ${number} --inputs 1`;
  const gone = await server.goneSoon();
  if (gone !== null) return `${gone}\n  at this input or one beside it: ${again}\n  ${show(input)}`;
  const fails = async (candidate: Input): Promise<boolean> =>
    server.gone() === null && (await judgeSafely(candidate, server)) !== null;
  if (!(await fails(input))) return `${verdict}\n  only beside others: ${again}\n  ${show(input)}`;
  const small = await shrink(input, fails);
  return `${(await judgeSafely(small, server)) ?? verdict}\n  ${again}\n  ${show(small)}`;
}

function show({ transport, bytes, cuts, breaksOff }: Input): string {
  const text = JSON.stringify(bytes.toString("latin1"));
  return `${transport}, ${bytes.length} bytes, cut at [${cuts.join(", ")}]${breaksOff === null ? "" : `, broken off after ${breaksOff} turns`}: ${text}\n  hex ${bytes.toString("hex")}`;
}

async function complainAfterwards(
  server: Victim,
  descriptors: number | null,
  memoryMb: number | null,
): Promise<string | null> {
  const base = `http://127.0.0.1:${server.httpPort}`;
  const get = async (path: string): Promise<string> =>
    (
      await fetch(base + path, { headers: { connection: "close" }, signal: AbortSignal.timeout(PATIENCE_MS) })
    ).text();
  const audit = JSON.parse(await get("/api/sales/default/audit")) as Record<string, unknown>;
  if (audit["balanced"] !== true || audit["sold"] !== audit["tickets"])
    return `the books: ${JSON.stringify(audit)}`;
  const faults = /^bilheteria_session_faults (\d+)$/m.exec(await get("/metrics"))?.[1];
  if (faults !== "0") return `${faults} sessions failed`;
  const now = memoryOf(server);
  if (now !== null && memoryMb !== null && now > memoryMb + GROWTH_MB) {
    return `the server grew from ${memoryMb.toFixed(0)} to ${now.toFixed(0)} MiB`;
  }
  return (descriptors === null ? null : await complainOfDescriptors(server, descriptors)) ?? server.gone();
}

async function complainOfDescriptors(server: Victim, before: number): Promise<string | null> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const now = descriptorsOf(server) ?? 0;
    if (now <= before) return null;
    if (performance.now() > deadline) return `${now} descriptors are open, ${before} were before`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Three clients who behave, connected all the time. */
class Witnesses {
  readonly #tcp: Wire;
  readonly #text: Wire;
  readonly #json: Wire;

  private constructor(tcp: Wire, text: Wire, json: Wire) {
    this.#tcp = tcp;
    this.#text = text;
    this.#json = json;
  }

  static async open({ httpPort, tcpPort }: Ports): Promise<Witnesses> {
    const text = await openWebSocket(httpPort, null);
    const json = await openWebSocket(httpPort, "bilheteria.json.v1");
    if (text === null || json === null) throw new Error("the server takes no WebSocket");
    const witnesses = new Witnesses(new Wire(tcpPort), text, json);
    // Nothing may be counted before all of them are there.
    const wrong = await witnesses.complain();
    if (wrong !== null) throw new Error(wrong);
    return witnesses;
  }

  /** Asks on each of them; null if each is answered as it should be. */
  async complain(): Promise<string | null> {
    for (const wire of [this.#tcp, this.#text, this.#json]) wire.received = Buffer.alloc(0);
    // Whoever behaves answers pings; a pong that nobody waits for does the same.
    const pong = encodeFrame(OPCODE.pong, Buffer.alloc(0));
    const command = encodeFrame(OPCODE.text, Buffer.from("CONSULTAR"));
    const query = encodeFrame(OPCODE.text, Buffer.from('{"type":"query","id":"witness"}'));
    await Promise.all([
      this.#tcp.send(Buffer.from("CONSULTAR\n")),
      this.#text.send(Buffer.concat([pong, command])),
      this.#json.send(Buffer.concat([pong, query])),
    ]);
    const texts = (wire: Wire): string[] =>
      (serverFrames(wire.received) ?? []).map(({ payload }) => payload.toString());
    const answers = await Promise.all([
      this.#tcp.until(() => /^Estoque atual: \d+\n/m.test(this.#tcp.received.toString())),
      this.#text.until(() => texts(this.#text).some((text) => /^Estoque atual: \d+$/.test(text))),
      this.#json.until(() =>
        texts(this.#json).some((text) => text.startsWith('{"type":"stock","id":"witness"')),
      ),
    ]);
    const silent = ["raw TCP", "WebSocket text", "WebSocket JSON"].filter((_, i) => answers[i] !== true);
    return silent.length === 0 ? null : `a client who behaves isn't answered over ${silent.join(" and ")}`;
  }

  close(): void {
    for (const wire of [this.#tcp, this.#text, this.#json]) wire.close();
  }
}
