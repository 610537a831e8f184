/** Starting a gateway process. */
import cluster, { type Worker } from "node:cluster";
import { PassThrough, type Duplex } from "node:stream";

/** A process that was just started. */
export interface Recruit {
  /** Its end of the link is its file descriptor 4. */
  readonly socket: Duplex;
  /** Ends it at once. */
  kill(): void;
  /** Resolves with how it ended, in words, once it has. */
  readonly ended: Promise<string>;
}

/** Where a worker finds its end of the link. */
export const LINK_DESCRIPTOR = 4;

/**
 * The workers accept for themselves, from one listening socket that they share: handing each connection over from one
 * process to another halves the rate (docs/decisions/0010). `node:cluster` is used for that socket and nothing else.
 *
 * @param program path of the worker's compiled file.
 */
export function recruit(program: string): Recruit {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: program,
    args: [],
    // Overlapped is what Windows needs for a pipe that both ends use asynchronously; elsewhere it is a pair of sockets.
    stdio: ["ignore", "ignore", "inherit", "ipc", "overlapped"],
  });
  try {
    return enlist(cluster.fork());
  } catch (cause) {
    // No memory or descriptors for another process: it is lost like one that dies, and the server goes on.
    const why = cause instanceof Error ? cause.message : String(cause);
    return { socket: new PassThrough().destroy(), kill: () => undefined, ended: Promise.resolve(why) };
  }
}

function enlist(worker: Worker): Recruit {
  const child = worker.process;
  const socket = child.stdio[LINK_DESCRIPTOR] as Duplex;
  const ended = new Promise<string>((resolve) => {
    // The worker tells it too, and there an error that nobody hears would stop this process.
    worker.on("error", (fault) => {
      socket.destroy();
      resolve(fault.message);
    });
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return { socket, kill: () => child.kill("SIGKILL"), ended };
}
