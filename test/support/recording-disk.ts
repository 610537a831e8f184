import { readFile } from "node:fs/promises";
import type { Disk } from "../../src/journal/disk.ts";
import { nodeDisk } from "../../src/journal/node-disk.ts";

/** The real disk, and what makes something durable on it: how many bytes had been written by then, and each name. */
export function recordingDisk(): { readonly disk: Disk; readonly steps: readonly string[] } {
  const steps: string[] = [];
  const disk: Disk = {
    ...nodeDisk,
    open: async (name, mode) => {
      const file = await nodeDisk.open(name, mode);
      const sync = async (): Promise<void> => {
        steps.push(`sync ${(await readFile(name)).length} bytes`);
        await file.sync();
      };
      return {
        size: () => file.size(),
        read: (into, position) => file.read(into, position),
        write: (bytes, start, length, position, done) => file.write(bytes, start, length, position, done),
        truncate: (length) => file.truncate(length),
        sync,
        close: () => file.close(),
      };
    },
    rename: (from, to) => {
      steps.push(`rename to ${to}`);
      return nodeDisk.rename(from, to);
    },
    syncDirectory: (name) => {
      steps.push(`sync ${name}`);
      return nodeDisk.syncDirectory(name);
    },
  };
  return { disk, steps };
}
