/** What inputs are made of: things that are right, nearly right, and things that broke other programs. */
import type { Random } from "./random.ts";

const COMMANDS = [
  "CONSULTAR",
  "COMPRAR",
  "INGRESSOS",
  "ASSINAR",
  "SILENCIAR",
  "AJUDA",
  "consultar",
  "Comprar 2",
  "SAIR",
];

const ODD_WORDS = [
  "",
  " ",
  "\t",
  "\u00a0",
  "\u2028",
  "\ufeff",
  "\u202e",
  "\0",
  "\u001b[2J",
  "-1",
  "0",
  "00",
  "1",
  "10",
  "11",
  "1e9",
  "99999999999999999999",
  "NaN",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "%00",
  "%s%n",
  "../../etc/passwd",
  "<script>",
  "'; DROP TABLE sales; --",
  "ação",
  "☂",
  "💥",
  "\ud800",
  "ß",
  "ﬁ",
  "ı",
  "chave-1",
  "k".repeat(64),
  "k".repeat(65),
  "x".repeat(600),
];

const ODD_VALUES = [
  "null",
  "true",
  "0",
  "-0",
  "1",
  "2",
  "10",
  "11",
  "1.5",
  "1e0",
  "1e308",
  "1e309",
  "-1e309",
  "9007199254740993",
  "123456789012345678901234567890",
  '""',
  '"1"',
  '"k1"',
  '"chave!"',
  '"\\ud800"',
  '"\\u0000"',
  '"ana"',
  `"${"k".repeat(65)}"`,
  "[]",
  "[1]",
  "{}",
  '{"a":1}',
  '{"epoch":1,"offset":0}',
  '{"epoch":-1,"offset":0}',
  '{"epoch":1e99,"offset":0}',
  '{"epoch":1}',
  '{"__proto__":{"type":"query"}}',
  "[".repeat(300) + "]".repeat(300),
  '{"a":'.repeat(200) + "1" + "}".repeat(200),
];

const NAMES = [
  "type",
  "id",
  "quantity",
  "buyer",
  "from",
  "__proto__",
  "constructor",
  "prototype",
  "",
  "toString",
  "capacity",
  "title",
  "opensAt",
  "closesAt",
];

/** A line of text, without its end. */
export function line(random: Random): string {
  if (random.oneIn(2)) return random.pick(COMMANDS.slice(0, -1));
  if (random.oneIn(40)) return "SAIR";
  const words = random.many(0, 3, () => random.pick(ODD_WORDS));
  const command = random.oneIn(3) ? random.pick(ODD_WORDS) : random.pick(COMMANDS);
  return [command, ...words].join(random.pick([" ", "  ", "\t", "\u00a0"])).replaceAll("\n", "");
}

/** One JSON text, as a message of our own dialect, nearly one, or anything. */
export function json(random: Random, types: readonly string[]): string {
  if (random.oneIn(12)) return random.pick(ODD_VALUES);
  if (random.oneIn(12))
    return random.pick([
      "",
      "{",
      "nada",
      "{'type':'query'}",
      "\ufeff{}",
      "{}{}",
      "[1,]",
      '{"type":"query"',
      '"\\x"',
    ]);
  const fields = random.many(0, 4, () => `${JSON.stringify(random.pick(NAMES))}:${random.pick(ODD_VALUES)}`);
  if (!random.oneIn(8)) fields.unshift(`"type":"${random.pick(types)}"`);
  if (random.oneIn(2)) fields.push(`"id":"k${random.below(50)}"`);
  return `{${fields.join(",")}}`;
}

/** These bytes with a few of them changed, doubled, left out or put in. */
export function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let times = random.between(1, 4); times > 0; times--) {
    const at = random.below(result.length + 1);
    const until = Math.min(result.length, at + random.below(8));
    const [before, part, after] = [
      result.subarray(0, at),
      result.subarray(at, until),
      result.subarray(until),
    ];
    const put = random.pick([
      () => Buffer.alloc(0),
      () => Buffer.concat([part, part]),
      () => random.bytes(part.length),
      () => Buffer.concat([part, random.bytes(random.between(1, 4))]),
      () => Buffer.from(part.map((byte) => byte ^ (1 << random.below(8)))),
      () =>
        Buffer.concat([
          part,
          Buffer.from(random.pick(["\n", "\r", "\0", " ", ":", "\r\n\r\n", "\xff"]), "latin1"),
        ]),
    ])();
    result = Buffer.concat([before, put, after]);
  }
  return result;
}

/** Places to cut: none, a few, or every byte. */
export function cuts(random: Random, length: number): number[] {
  if (random.oneIn(2) || length < 2) return [];
  if (random.oneIn(6) && length < 300) return Array.from({ length: length - 1 }, (_, i) => i + 1);
  return [...new Set(random.many(1, 5, () => random.between(1, length - 1)))].sort((a, b) => a - b);
}
