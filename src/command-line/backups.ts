/** `bilheteria backup` and `bilheteria restore`. */
import { randomInt } from "node:crypto";
import { isAbsolute, relative, resolve } from "node:path";
import { ADDRESS_KEY_FILE } from "../address-key.ts";
import { ADMIN_TOKEN_FILE } from "../admin-token.ts";
import type { Console, GivenFlags } from "./commands.ts";
import { ConfigError } from "../config.ts";
import { LIMITS } from "../limits.ts";
import { backUp } from "../journal/backup.ts";
import type { Inspection } from "../journal/findings.ts";
import { lockDirectory } from "../journal/lock.ts";
import { nodeDisk } from "../journal/node-disk.ts";
import { restore } from "../journal/restore.ts";
import { livenessOf } from "./live-directory.ts";

/** Secrets beside the journal, and how they are called here. They come along only if they are asked for. */
const SECRETS: ReadonlyMap<string, string> = new Map([
  [ADMIN_TOKEN_FILE, "organiser's token"],
  [ADDRESS_KEY_FILE, "address-key"],
]);

/** @returns true; whatever stands in the way is thrown. */
export async function backUpSale(given: GivenFlags, { print, complain }: Console): Promise<boolean> {
  const directory = given.text("data");
  const target = given.text("to");
  if (isWithin(target, directory))
    throw new ConfigError(`--to ${target} is in the data directory, and would be lost with it`);
  const withAddressKey = given.isOn("with-address-key");
  const asked = [
    ...(given.isOn("with-token") ? [ADMIN_TOKEN_FILE] : []),
    ...(withAddressKey ? [ADDRESS_KEY_FILE] : []),
  ];
  const { pause } = await livenessOf(directory);
  const { copy, bytes, also } = await backUp({
    disk: nodeDisk,
    directory,
    target,
    limits: LIMITS.journal,
    pause,
    also: asked,
  });
  for (const file of asked) {
    if (!also.includes(file)) complain(`${directory} has no ${SECRETS.get(file)} to copy`);
  }
  if (!withAddressKey && (await nodeDisk.list(directory)).includes(ADDRESS_KEY_FILE))
    complain(
      `${ADDRESS_KEY_FILE} stays behind: without it, keys of purchases under --no-addresses that are sent again to the ` +
        "restored sale would buy again. --with-address-key copies it",
    );
  print(`${target} is a backup of ${directory}: ${contents(copy, also)}, ${bytes} bytes`);
  print(`To sell from it: bilheteria restore --from ${target} --data <new directory>`);
  return true;
}

/** @returns true; whatever stands in the way is thrown. */
export async function restoreSale(given: GivenFlags, { print }: Console): Promise<boolean> {
  const directory = given.text("data");
  const from = given.text("from");
  if (resolve(from) === resolve(directory))
    throw new ConfigError(`--from and --data are both ${from}: a backup is never sold from`);
  const lock = await lockDirectory(directory, new Date().toISOString(), () => "restore");
  try {
    const { leastEpochJump, mostEpochJump } = LIMITS.restore;
    const { copy, epoch, also } = await restore({
      disk: nodeDisk,
      from,
      directory,
      limits: LIMITS.journal,
      epochJump: randomInt(leastEpochJump, mostEpochJump),
      also: [...SECRETS.keys()],
    });
    print(`${directory} holds the sale of ${from}: ${contents(copy, also)}`);
    print(
      `It goes on with epoch ${epoch}. What was sold after the backup isn't known to it, though its buyers hold receipts`,
    );
    print(`To sell from it: bilheteria serve --data ${directory}`);
  } finally {
    await lock.release();
  }
  return true;
}

function contents({ end, sales, at }: Inspection, also: readonly string[]): string {
  const sold = sales.reduce((sum, sale) => sum + sale.sold, 0);
  const secrets = also.map((file) => `, the ${SECRETS.get(file)}`).join("");
  return `${end?.first ?? 0} events up to ${new Date(at).toISOString()}, ${sold} tickets sold, ${sales.length} sale(s)${secrets}`;
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(inner));
  // Absolute where they are on two drives.
  return !isAbsolute(way) && !way.startsWith("..");
}
