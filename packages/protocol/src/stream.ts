import { ProtocolError } from "./errors.js";
import { type Handle } from "./handles.js";

/**
 * A stream message: a fixed header, then a span of the buffer's bytes as the kernel wrote them. Little-endian.
 *
 *   offset size
 *   0      1    message kind: 2, or 6 with a MAC
 *   1      1    flags: 0
 *   2      2    channel: 0 for a ring buffer, the CPU for a perf event array
 *   4      4    stream: the handle that openStream gave
 *   8      8    position: of the span's first byte, counted from the stream's start, per channel
 *   16     8    lost: records that did not fit, counted on the kernel's side, since the stream's start
 *   24     …    the span: whole records only; then, with kind 6, 16 bytes of MAC
 *
 * A ring buffer's span holds records as in kernel/bpf/ringbuf.c: u32 length (bit 31 busy, never sent; bit 30 discarded,
 * to be skipped), u32 page offset, the data, padded to 8 bytes. Headers are in the target's byte order. A perf event
 * array's span holds perf_event_header records (include/uapi/linux/perf_event.h).
 */
export const streamHeaderSizeBytes = 24;

/**
 * The first byte of a stream message; of one that is compressed, after which the message follows so; and of one with a MAC,
 * which stands at its end.
 */
export const streamMessageKind = 2;
export const compressedStreamKind = 5;
export const authenticatedStreamKind = 6;

/** Bytes of the MAC at the end of a stream message that has one. */
export const streamMacSizeBytes = 16;

/** Whether a message is of a stream: such may wait for control messages, which are more urgent. */
export function isStreamMessage(message: Uint8Array): boolean {
  const [kind] = message;
  return (
    kind === streamMessageKind || kind === compressedStreamKind || kind === authenticatedStreamKind
  );
}

export interface StreamHeader {
  readonly channel: number;
  readonly stream: number;
  readonly position: bigint;
  readonly lost: bigint;
}

export interface StreamSpan extends StreamHeader {
  readonly stream: Handle;
  readonly span: Uint8Array;
}

/** Writes the header at the view's start. */
export function writeStreamHeader(view: DataView, header: StreamHeader): void {
  view.setUint8(0, streamMessageKind);
  view.setUint8(1, 0);
  view.setUint16(2, header.channel, true);
  view.setUint32(4, header.stream, true);
  view.setBigUint64(8, header.position, true);
  view.setBigUint64(16, header.lost, true);
}

/** A message of its own, with a copy of the span: the kernel's buffer may change right after. */
export function encodeStreamMessage(header: StreamHeader, span: Uint8Array): Uint8Array {
  const message = new Uint8Array(streamHeaderSizeBytes + span.length);
  writeStreamHeader(new DataView(message.buffer), header);
  message.set(span, streamHeaderSizeBytes);
  return message;
}

/** Reads a stream message, which no MAC follows any more; the span is a view of it. Throws ProtocolError. */
export function decodeStreamMessage(message: Uint8Array): StreamSpan {
  if (message.length < streamHeaderSizeBytes) {
    throw new ProtocolError(`stream message of ${message.length} bytes has no whole header`);
  }
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const kind = view.getUint8(0);
  if (kind !== streamMessageKind && kind !== authenticatedStreamKind) {
    throw new ProtocolError("not a stream message");
  }
  if (view.getUint8(1) !== 0) throw new ProtocolError(`unknown stream flags ${view.getUint8(1)}`);
  const stream = view.getUint32(4, true);
  if (stream === 0) throw new ProtocolError("stream message for handle 0");
  return {
    channel: view.getUint16(2, true),
    // Every u32 but 0 is a handle; the schema would cost more than all else here.
    stream: stream as Handle,
    position: view.getBigUint64(8, true),
    lost: view.getBigUint64(16, true),
    span: new Uint8Array(
      message.buffer,
      message.byteOffset + streamHeaderSizeBytes,
      message.length - streamHeaderSizeBytes,
    ),
  };
}
