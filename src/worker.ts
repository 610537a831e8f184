/**
 * A gateway process: it owns the sockets of its clients and nothing else. The queue, the journal and the console are
 * with the engine's process, at the other end of the link; when that end closes, this process ends at once, since it
 * could answer nobody. It doesn't end for signals: they go to a whole group of processes, and the engine's decides
 * what they mean.
 */
import { Socket } from "node:net";
import { FrameKind, type FrameKind as Kind } from "./cluster/framing.ts";
import { Link } from "./cluster/link.ts";
import { LinkFault } from "./cluster/link-fault.ts";
import { readNote, type NoteToWorker, type Welcome } from "./cluster/notes.ts";
import { LINK_DESCRIPTOR } from "./cluster/recruit.ts";
import { LIMITS } from "./limits.ts";
import { RemoteFront } from "./remote-front.ts";

process.on("SIGINT", ignore);
process.on("SIGTERM", ignore);
let front: RemoteFront | null = null;
const link = new Link({
  socket: new Socket({ fd: LINK_DESCRIPTOR, readable: true, writable: true }),
  limits: LIMITS.workers,
  take,
  broken: (cause) => {
    if (cause === null) process.exit(0);
    // Whatever came wasn't what the engine's process sends: this one can't be right any more either.
    throw cause;
  },
});

function take(kind: Kind, body: Buffer): void {
  if (kind === FrameKind.welcome && front === null) {
    front = new RemoteFront(readNote(body.toString()) as unknown as Welcome, link);
    void front.listen();
  } else if (front !== null && kind === FrameKind.turn) front.take(body);
  else if (front !== null && kind === FrameKind.note) front.hear(readNote(body.toString()) as NoteToWorker);
  else throw new LinkFault(`a frame of kind ${kind} came out of its turn`);
}

function ignore(): void {}
