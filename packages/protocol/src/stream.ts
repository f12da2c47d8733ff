/**
 * A stream message: a fixed header, then a span of the buffer's bytes as the kernel wrote them. Little-endian.
 *
 *   offset size
 *   0      1    message kind: 2
 *   1      1    flags: 0
 *   2      2    channel: 0 for a ring buffer, the CPU for a perf event array
 *   4      4    stream: the handle that openStream gave
 *   8      8    position: of the span's first byte, counted from the stream's start, per channel
 *   16     8    lost: records that did not fit, counted on the kernel's side, since the stream's start
 *   24     …    the span: whole records only
 *
 * A ring buffer's span holds records as in kernel/bpf/ringbuf.c: u32 length (bit 31 busy, never sent; bit 30 discarded,
 * to be skipped), u32 page offset, the data, padded to 8 bytes. Headers are in the target's byte order. A perf event
 * array's span holds perf_event_header records (include/uapi/linux/perf_event.h).
 */
export const streamHeaderSizeBytes = 24;

export interface StreamSpan {
  readonly channel: number;
  readonly stream: number;
  readonly position: bigint;
  readonly lost: bigint;
  readonly span: Uint8Array;
}
