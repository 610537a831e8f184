/** `bilheteria verify`: what a person needs to know to decide what to do with a data directory. */
import type { Console, GivenFlags } from "./commands.ts";
import { LIMITS } from "../limits.ts";
import { DataDirectory } from "../journal/data-directory.ts";
import type { Finding, Inspection } from "../journal/findings.ts";
import { inspect } from "../journal/inspection.ts";
import { nodeDisk } from "../journal/node-disk.ts";
import { holderWords, livenessOf, type Liveness } from "./live-directory.ts";

/** Sales that are shown; --json has all of them. */
const SHOWN_SALES = 20;

/** @returns whether all is sound. */
export async function verifyDirectory(given: GivenFlags, console: Console): Promise<boolean> {
  const directory = given.text("data");
  const { holder, pause } = await livenessOf(directory);
  const found = await inspect({
    disk: nodeDisk,
    directory: new DataDirectory(directory),
    limits: LIMITS.journal,
    pause,
  });
  console.print(given.isOn("json") ? asJson(found, holder) : asText(found, holder).join("\n"));
  return found.findings.length === 0;
}

function asJson(found: Inspection, holder: Liveness["holder"]): string {
  const findings = found.findings.map((finding) => ({ ...finding, advice: adviceOf(finding, found) }));
  return JSON.stringify({ sound: findings.length === 0, live: holder, ...found, findings }, null, 2);
}

function asText(found: Inspection, holder: Liveness["holder"]): string[] {
  const { findings } = found;
  return [
    "",
    `  ${findings.length === 0 ? "SOUND" : "DAMAGED"}  ${found.directory}`,
    "",
    ...journalLines(found),
    ...saleLines(found),
    ...tornLines(found),
    ...findings.flatMap((finding) => findingLines(finding, found)),
    ...(holder === null ? startLines(found) : liveLines(holder)),
    "",
  ];
}

function journalLines({ segments, snapshots, end, soundUpTo }: Inspection): string[] {
  const counted =
    end === null
      ? `sound up to event ${soundUpTo}`
      : `${end.first} events, epoch ${end.epoch}, log ${end.log.slice(0, 8)}`;
  const bad = snapshots.filter(({ verdict }) => verdict === "bad").length;
  return [
    `  Journal    ${plural(segments.length, "segment")}, ${counted}`,
    `  Snapshots  ${snapshots.length - bad} good${bad === 0 ? "" : `, ${bad} bad`}`,
  ];
}

function saleLines({ sales, at }: Inspection): string[] {
  if (sales.length === 0) return [];
  const shown = sales
    .slice(0, SHOWN_SALES)
    .map(
      ({ sale, capacity, available, held, sold, tickets, balanced, digest }) =>
        `  ${sale}: capacity ${capacity} = ${available} available + ${held} held + ${sold} sold, ` +
        `${plural(tickets, "ticket")}, ${balanced ? "balanced" : "NOT BALANCED"}, digest ${digest}`,
    );
  const rest = sales.length - shown.length;
  return [
    "",
    `  The books at ${new Date(at).toISOString()}:`,
    ...shown,
    ...(rest === 0 ? [] : [`  and ${plural(rest, "sale")} more: --json has all of them`]),
  ];
}

function tornLines({ segments }: Inspection): string[] {
  return segments.flatMap(({ file, torn }) =>
    torn === null
      ? []
      : [
          "",
          `  UNFINISHED  ${file}, byte ${torn.offset}`,
          `    ${plural(torn.bytes, "byte")} of a write that never ended; nobody was answered from it. The next start`,
          "    keeps them aside and goes on. Nothing to do",
        ],
  );
}

function findingLines(finding: Finding, found: Inspection): string[] {
  return [
    "",
    `  DAMAGED  ${finding.file}, byte ${finding.offset}`,
    `    ${finding.what}`,
    `    ${adviceOf(finding, found)}`,
  ];
}

function startLines({ starts, isBackup, directory }: Inspection): string[] {
  if (isBackup)
    return [
      "",
      `  It is a backup. To sell from it: bilheteria restore --from ${directory} --data <new directory>`,
    ];
  return ["", starts === true ? "  A server would start on it" : "  A server refuses to start on it"];
}

function liveLines(holder: NonNullable<Liveness["holder"]>): string[] {
  return [
    "",
    `  A server is running: ${holderWords(holder)}`,
    "  What was answered before this began was checked; what came later may have been, or not",
  ];
}

function adviceOf({ kind }: Finding, { segments, starts, soundUpTo, isBackup }: Inspection): string {
  if (kind === "books")
    return "The bytes are what was written, so this is a bug and no damage. Keep the directory and report it";
  if (kind === "snapshot") {
    if (segments[0]?.first === 0)
      return "Delete this file: the journal holds all that it said, and a start without it is only slower";
    return "Put this file's copy from a backup in its place: segments that it stands for are gone";
  }
  if (isBackup) return "Use another backup; what is whole in this one may help to mend it";
  if (starts === true)
    return "A start isn't hindered: a newer snapshot stands for it. Put this file's copy from a backup in its place";
  return (
    `Events before ${soundUpTo} are sound. Change nothing here: what follows may have been answered to buyers. ` +
    "Restore a backup into another directory with bilheteria restore, and keep this one"
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
