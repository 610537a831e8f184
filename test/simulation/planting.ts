/** Tools for planting bugs (mutants.ts): ports that do something else, methods that are replaced for one history. */
import { crc32 } from "node:zlib";
import type { Answer } from "../../src/box-office/answer.ts";
import type { Command } from "../../src/box-office/command.ts";
import { BatchDecider, type Batch } from "../../src/engine/batch.ts";
import { Mailbox } from "../../src/engine/mailbox.ts";
import type { AppendResult, Envelope } from "../../src/engine/ports.ts";
import { ReplyQueue, type Reply } from "../../src/gateway/session/reply-queue.ts";
import type { Disk, DiskFile } from "../../src/journal/disk.ts";
import { AS_IT_IS, type Composition } from "./composition.ts";
import type { ServerProcess } from "./process.ts";
import type { Guarantee } from "./violation.ts";

export interface Mutant {
  readonly name: string;
  /** Which promises it breaks: the one that shows first depends on the history. */
  readonly breaks: readonly Guarantee[];
  readonly composition: Composition;
}

export function mutant(
  name: string,
  breaks: Guarantee | readonly Guarantee[],
  change: Partial<Composition>,
): Mutant {
  return {
    name,
    breaks: typeof breaks === "number" ? [breaks] : breaks,
    composition: { ...AS_IT_IS, ...change },
  };
}

/** Replaces a method of a class for one history. */
export function patch<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  change: (original: T[K]) => T[K],
): () => () => void {
  return () => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
    Object.defineProperty(prototype, name, { ...descriptor, value: change(descriptor.value as T[K]) });
    return () => Object.defineProperty(prototype, name, descriptor);
  };
}

export function patchGetter<T extends object>(
  prototype: T,
  name: keyof T,
  get: () => unknown,
): () => () => void {
  return () => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
    Object.defineProperty(prototype, name, { configurable: true, get });
    return () => Object.defineProperty(prototype, name, descriptor);
  };
}

function lengthOf<T extends object>(prototype: T, items: (self: T) => readonly unknown[]): () => () => void {
  return () => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, "length")!;
    const get = function (this: T): number {
      return items(this).length;
    };
    Object.defineProperty(prototype, "length", { configurable: true, get });
    return () => Object.defineProperty(prototype, "length", descriptor);
  };
}

/** Several changes of classes together. */
export function together(...installs: readonly (() => () => void)[]): () => () => void {
  return () => {
    const undo = installs.map((install) => install());
    return () => {
      for (const step of undo.toReversed()) step();
    };
  };
}

/** A reply queue in which whatever is known goes out at once. */
export function overtakingReplies(): () => void {
  const queues = new WeakMap<ReplyQueue, Reply[]>();
  const of = (queue: ReplyQueue): Reply[] => {
    const replies = queues.get(queue) ?? [];
    queues.set(queue, replies);
    return replies;
  };
  return together(
    patch(ReplyQueue.prototype, "add", () => {
      return function (this: ReplyQueue, reply): void {
        of(this).push(reply);
      };
    }),
    patch(ReplyQueue.prototype, "addText", () => {
      return function (this: ReplyQueue, text): void {
        of(this).push({ text, next: null });
      };
    }),
    patch(ReplyQueue.prototype, "advance", () => {
      return function (this: ReplyQueue, connection): void {
        for (const reply of of(this).filter(({ text }) => text !== null)) {
          of(this).splice(of(this).indexOf(reply), 1);
          const { text } = reply;
          for (const one of typeof text === "function" ? text() : [text!]) connection.send(one);
        }
      };
    }),
    lengthOf(ReplyQueue.prototype, of),
  )();
}

/** A mailbox that takes whatever comes. */
export function unboundedMailbox(): () => void {
  const boxes = new WeakMap<Mailbox, Envelope[]>();
  const of = (mailbox: Mailbox): Envelope[] => {
    const box = boxes.get(mailbox) ?? [];
    boxes.set(mailbox, box);
    return box;
  };
  return together(
    patch(Mailbox.prototype, "offer", () => {
      return function (this: Mailbox, envelope): boolean {
        return of(this).push(envelope) > 0;
      };
    }),
    patch(Mailbox.prototype, "take", () => {
      return function (this: Mailbox): Envelope | undefined {
        return of(this).shift();
      };
    }),
    lengthOf(Mailbox.prototype, of),
  )();
}

/** Whether the payload of the frame that stands there isn't what its sum says. */
export function isRotted(bytes: Buffer, at: number): boolean {
  const size = bytes.readUInt32LE(at + 4);
  return crc32(bytes.subarray(at + 44, at + 44 + size)) !== bytes.readUInt32LE(at + 20);
}

/** Another disk whose files do something else; what isn't named stays as it is. */
export function otherFiles(change: (file: DiskFile, path: string) => Partial<DiskFile>): Composition["disk"] {
  return (disk) =>
    otherDisk(disk, { open: async (path, mode) => otherFile(await disk.open(path, mode), path, change) });
}

/** Another journal than the one that is on the disk. */
export function journalReadsAs(change: (whole: Buffer, server: ServerProcess) => void): Composition["disk"] {
  return (disk, server) =>
    otherFiles((file, path) => ({
      read: async (into, position) => {
        if (!path.endsWith(".log")) return file.read(into, position);
        const whole = Buffer.alloc(await file.size());
        await file.read(whole, 0);
        change(whole, server);
        return whole.copy(into, 0, position);
      },
    }))(disk, server);
}

function otherFile(
  file: DiskFile,
  path: string,
  change: (file: DiskFile, path: string) => Partial<DiskFile>,
): DiskFile {
  const plain: DiskFile = {
    size: () => file.size(),
    read: (into, position) => file.read(into, position),
    write: (bytes, start, length, position, done) => file.write(bytes, start, length, position, done),
    truncate: (length) => file.truncate(length),
    sync: () => file.sync(),
    close: () => file.close(),
  };
  return { ...plain, ...change(file, path) };
}

export function otherDisk(disk: Disk, change: Partial<Disk>): Disk {
  return {
    open: (path, mode) => disk.open(path, mode),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    list: (directory) => disk.list(directory),
    makeDirectory: (path) => disk.makeDirectory(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    ...change,
  };
}

type Send = (command: Command, reply: (answer: Answer) => void) => boolean;

/** Another counter in front of the engine: `send` is the engine's own. */
export function submitting(
  submit: (send: Send, envelope: Envelope, server: ServerProcess) => boolean,
): Composition["counter"] {
  return (engine, server) => ({
    ...bound(engine),
    submit: (envelope, priority) =>
      submit((command, reply) => engine.submit({ command, reply }, priority), envelope, server),
  });
}

/** Commands as the core gets to see them. */
export function commandsBecome(
  change: (command: Command, server: ServerProcess) => Command,
): Composition["counter"] {
  return submitting((send, envelope, server) =>
    send(change(envelope.command, server), (answer) => envelope.reply(answer)),
  );
}

export const DURABLE: AppendResult = { kind: "durable" };

/** Something else happens around each time that what waits is decided. */
export function decideWith(
  around: (server: ServerProcess, decide: () => void) => void,
): Partial<Composition> {
  return ofDecider(
    "decide",
    (server, decide) =>
      function (this: BatchDecider, mailbox: Mailbox) {
        around(server(), () => decide.call(this, mailbox));
      },
  );
}

/** Something else happens to each batch that is taken. */
export function takeWith(change: (server: ServerProcess, batch: Batch) => void): Partial<Composition> {
  return ofDecider(
    "take",
    (server, take) =>
      function (this: BatchDecider) {
        const batch = take.call(this);
        change(server(), batch);
        return batch;
      },
  );
}

/** @param change gets the server that was started last. */
function ofDecider<K extends "decide" | "take">(
  name: K,
  change: (server: () => ServerProcess, original: BatchDecider[K]) => BatchDecider[K],
): Partial<Composition> {
  let server: ServerProcess | null = null;
  return {
    state: (state, process) => {
      server = process;
      return state;
    },
    install: patch(BatchDecider.prototype, name, (original) => change(() => server!, original)),
  };
}

/** A port's methods as functions of an object that can be spread. */
export function bound<T extends object>(port: T): T {
  const copy: Record<string, unknown> = {};
  for (const name of [
    "prepare",
    "append",
    "health",
    "hasRoom",
    "close",
    "submit",
    "isFull",
    "view",
    "views",
  ]) {
    const method = (port as Record<string, unknown>)[name];
    if (typeof method === "function") copy[name] = (method as () => unknown).bind(port);
  }
  for (const name of ["epoch", "maxAppendBytes"])
    if (name in port) copy[name] = (port as Record<string, unknown>)[name];
  return copy as T;
}
