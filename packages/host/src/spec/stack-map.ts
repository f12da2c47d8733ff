/**
 * Stacks are kept in maps of their own, one for each number of frames that they are cut to, under numbers that keys, values
 * and records carry. Two kinds of map do it:
 *
 * - "hash": the number is the key, a u64 that depends on nothing but the stack, which never changes. The value is the frames
 *   from the innermost one (u64s, zero behind the last), then the process as a u64 (0 for the kernel's stacks), then zeros.
 * - "stack_trace", where programs cannot read their stack: the number's low half is the key and one, a u32; its high half the
 *   process. The value is the frames.
 */
export function stackMapName(limit: number): string {
  return `stacks_${limit}`;
}

/** Bytes of a stack in a hash, a whole number of four words. */
export function stackRecordBytes(limit: number): number {
  return Math.ceil((limit + 1) / 4) * 32;
}

/** What the kernel says of a frame by its file's build id: struct bpf_stack_build_id in include/uapi/linux/bpf.h, of 32 bytes. */
export const buildIdWords = 4;
