/**
 * WebSocket text frames as a server sends them (RFC 6455, section 5.2): final, unmasked, no extension. Written here
 * so that one encoded message can be written to every socket, and several in one write.
 */

const TEXT_FINAL = 0x81;

/** Encodes each message as one frame, all in one piece of memory. */
export function encodeTextFrames(messages: readonly string[]): Buffer {
  const sizes: number[] = [];
  let total = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message);
    sizes.push(size);
    total += headerBytes(size) + size;
  }
  const bytes = Buffer.allocUnsafe(total);
  let offset = 0;
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] ?? "";
    const size = sizes[i] ?? 0;
    offset = writeHeader(bytes, offset, size);
    // As many bytes as units means ASCII, and Latin-1 is the faster way to write that.
    bytes.write(message, offset, size, size === message.length ? "latin1" : "utf8");
    offset += size;
  }
  return bytes;
}

/** The longest payload whose frame has a header of two bytes. */
const SHORT = 125;

/**
 * The frames of short ASCII messages as one string of bytes (Latin-1), which the system's layers below take faster than
 * a buffer made for them; null if one of the messages isn't short or isn't ASCII.
 *
 * @param areAscii known to be, so that nobody has to look.
 */
export function shortTextFrames(messages: readonly string[], areAscii = false): string | null {
  let frames = "";
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] ?? "";
    if (message.length > SHORT || !(areAscii || isAscii(message))) return null;
    frames += (SHORT_HEADERS[message.length] ?? "") + message;
  }
  return frames;
}

/** By the length of the payload. */
const SHORT_HEADERS = Array.from({ length: SHORT + 1 }, (_, size) => String.fromCharCode(TEXT_FINAL, size));

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

export function encodeTextFrame(message: string): Buffer {
  return encodeTextFrames([message]);
}

/** The payloads of frames that this file encoded; what the fallback writer sends one by one. */
export function* payloadsOf(frames: Buffer): Generator<Buffer> {
  let offset = 0;
  while (offset < frames.length) {
    const short = frames[offset + 1] ?? 0;
    let size = short;
    if (short === 126) size = frames.readUInt16BE(offset + 2);
    else if (short === 127) size = Number(frames.readBigUInt64BE(offset + 2));
    const start = offset + headerBytes(size);
    yield frames.subarray(start, start + size);
    offset = start + size;
  }
}

function headerBytes(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

function writeHeader(bytes: Buffer, offset: number, size: number): number {
  bytes[offset] = TEXT_FINAL;
  if (size < 126) {
    bytes[offset + 1] = size;
    return offset + 2;
  }
  if (size < 65_536) {
    bytes[offset + 1] = 126;
    return bytes.writeUInt16BE(size, offset + 2);
  }
  bytes[offset + 1] = 127;
  return bytes.writeBigUInt64BE(BigInt(size), offset + 2);
}
