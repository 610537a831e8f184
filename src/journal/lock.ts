/**
 * One process owns a data directory. The lock is a socket that the kernel takes down with the process, however it
 * dies, so no lock is ever left over and none is ever broken by guessing:
 *
 * - Linux: an abstract socket, which is a name and no file.
 * - Windows: a named pipe.
 * - elsewhere: a socket file in the directory. The file outlives a killed process, so whoever finds it asks: a dead
 *   owner's socket refuses connections, and then its file is removed. Two processes that find a dead one's file in the
 *   same instant may both take it; Linux and Windows have no such moment.
 *
 * The name tells device and inode of the directory, so two paths to one directory are one lock. Whoever connects to
 * the socket is told, in one line of JSON, who holds it.
 *
 * What it doesn't cover: abstract sockets belong to a network namespace, so two containers that share a volume don't
 * see each other's; and two machines that share a network disk don't either.
 */
import { stat, unlink } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { basename, join } from "node:path";
import { asDiskFault, DataDirectoryInUse, systemCode, type Holder } from "./fault.ts";
import { nodeDisk } from "./node-disk.ts";

export interface Lock {
  /** Lets the next process in. */
  release(): Promise<void>;
}

/** On macOS; Linux takes four more. */
const MAX_SOCKET_PATH_BYTES = 103;

/** What the holder may take to answer, and who asks to read it. */
const ANSWER_TIMEOUT_MS = 1_000;

/** Who may ask at once; on Linux every user of the machine can. More aren't answered. */
const MAX_ASKERS = 16;

/** Where neither names without files nor pipes are. */
const SOCKET_FILE = "lock.sock";

const MAX_ANSWER_CHARACTERS = 4_096;

/**
 * Takes the lock of a data directory, which is made if it isn't there.
 *
 * @param describe what the program adds about itself, such as its addresses; asked whenever somebody wants to know.
 * @param since when the process started, in ISO 8601.
 * @param platform whose kind of lock is taken; all but Windows' can be tried on Linux.
 * @throws {DataDirectoryInUse} if another process, or this one, holds it.
 * @throws {DiskFault} if the directory can't be made or looked at.
 */
export async function lockDirectory(
  directory: string,
  since: string,
  describe: () => string,
  platform: NodeJS.Platform = process.platform,
): Promise<Lock> {
  try {
    await nodeDisk.makeDirectory(directory);
    const address = await lockAddress(directory, platform);
    return (await listen(address, since, describe)) ?? (await takeOver(directory, address, since, describe));
  } catch (error) {
    throw asDiskFault(error, directory);
  }
}

/**
 * Who holds a data directory at present, without taking it or leaving a trace in it.
 *
 * @returns null if nobody does, `silent` if whoever does doesn't say.
 * @throws {DiskFault} if the directory isn't there or can't be looked at.
 */
export async function findHolder(
  directory: string,
  platform: NodeJS.Platform = process.platform,
): Promise<Holder | "silent" | null> {
  try {
    const holder = await askHolder(await lockAddress(directory, platform));
    return holder === "dead" ? null : (holder ?? "silent");
  } catch (error) {
    throw asDiskFault(error, directory);
  }
}

/** Where the holder of a directory listens. @throws the system's error if the directory isn't there. */
export async function lockAddress(directory: string, platform: NodeJS.Platform): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `bilheteria-${dev.toString(16)}-${ino.toString(16)}`;
  if (platform === "linux") return `\0${name}`;
  if (platform === "win32") return `\\\\.\\pipe\\${name}`;
  const path = join(directory, SOCKET_FILE);
  // A longer one is cut without a word, and two directories that begin alike would share a lock.
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    const message = `${path} is longer than the ${MAX_SOCKET_PATH_BYTES} bytes that the path of a socket may have`;
    throw Object.assign(new Error(message), { code: "ENAMETOOLONG", syscall: "bind" });
  }
  return path;
}

/**
 * Whoever asks is told and hung up on: the lock isn't released before the last of them is gone, and a stop waits for it.
 *
 * @returns null if the address is taken.
 * @throws the system's error if it can't be listened on.
 */
export function listen(address: string, since: string, describe: () => string): Promise<Lock | null> {
  return new Promise((resolve, reject) => {
    const askers = new Set<Socket>();
    const server = createServer((socket) => {
      const holder: Holder = { pid: process.pid, since, text: describe() };
      askers.add(socket);
      socket.on("close", () => askers.delete(socket));
      socket.on("error", () => socket.destroy());
      socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
      socket.end(`${JSON.stringify(holder)}\n`, () => socket.destroy());
    });
    server.maxConnections = MAX_ASKERS;
    const release = (): Promise<void> =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of askers) socket.destroy();
      });
    server.once("error", (error) => {
      if (systemCode(error) === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen({ path: address }, () => {
      // The lock alone keeps no process running.
      server.unref();
      resolve({ release });
    });
  });
}

async function takeOver(
  directory: string,
  address: string,
  since: string,
  describe: () => string,
): Promise<Lock> {
  const holder = await askHolder(address);
  if (holder !== "dead") throw new DataDirectoryInUse(directory, holder);
  if (basename(address) === SOCKET_FILE) await unlink(address).catch(() => undefined);
  const lock = await listen(address, since, describe);
  // A third process came between the two lines above, or it is no socket.
  if (lock === null) throw new DataDirectoryInUse(directory, null);
  return lock;
}

/** Who holds the address; null if it doesn't say, `dead` if nobody listens there. */
function askHolder(address: string): Promise<Holder | null | "dead"> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ path: address });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.length > MAX_ANSWER_CHARACTERS) socket.destroy();
    });
    socket.on("error", (error) => {
      const code = systemCode(error);
      if (code === "ECONNREFUSED" || code === "ENOENT") resolve("dead");
    });
    socket.on("close", () => resolve(parseHolder(answer)));
  });
}

function parseHolder(answer: string): Holder | null {
  try {
    const { pid, since, text } = JSON.parse(answer) as Partial<Holder>;
    if (typeof pid !== "number" || typeof since !== "string" || typeof text !== "string") return null;
    return { pid, since, text };
  } catch {
    return null;
  }
}
