/** What the numbers were measured on. */
import { readFileSync, statfsSync } from "node:fs";
import { cpus, loadavg, platform, release } from "node:os";
import { wsVersion } from "./product-ws.js";

/** Linux counts processor time in hundredths of a second for whoever reads /proc, whatever it does inside. */
const TICKS_PER_SECOND = 100;

/** @param {string} directory where the journal goes */
export function describeMachine(directory) {
  const processors = cpus();
  return {
    node: process.version,
    ws: wsVersion,
    system: `${platform()} ${release()}`,
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    loadBefore: loadavg(),
    filesystem: filesystemOf(directory),
  };
}

/**
 * Processor time that a process has used so far.
 *
 * @param {number} pid
 * @returns {{ all: number, loop: number } | null} seconds: all its threads, and the one that runs the event loop;
 *   null on a system without /proc
 */
export function processorSeconds(pid) {
  if (platform() !== "linux") return null;
  return { all: secondsIn(`/proc/${pid}/stat`), loop: secondsIn(`/proc/${pid}/task/${pid}/stat`) };
}

/** @param {string} path of a file like /proc/self/stat */
function secondsIn(path) {
  const stat = readFileSync(path, "latin1");
  // The name stands in brackets and may hold anything; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** @param {string} directory */
function filesystemOf(directory) {
  if (platform() !== "linux") return `type 0x${statfsSync(directory).type.toString(16)}`;
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point = "-"]) => point === "/" || `${directory}/`.startsWith(`${point}/`))
    .toSorted(([, a = ""], [, b = ""]) => b.length - a.length);
  return mounts[0]?.[2] ?? "unknown";
}
