/** What processes use, read from /proc, so that every server is measured alike, whatever it is written in. */
import { readdirSync, readFileSync } from "node:fs";

/** A process and all that it started. @param {number} pid @returns {number[]} */
export function family(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(" ")
      .filter((word) => word !== "")
      .map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

/** Processor time of all threads so far, in seconds, to the nanosecond. @param {readonly number[]} pids */
export function processorSeconds(pids) {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]);
    }
  }
  return nanoseconds / 1e9;
}

/** Memory that is in use by these processes and by no other. @param {readonly number[]} pids @returns bytes */
export function residentBytes(pids) {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]);
  return kilobytes * 1024;
}

/** A thread may end between being listed and being read. @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
