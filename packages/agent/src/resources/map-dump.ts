import { type Target } from "../features/target.js";
import { NotSupportedError } from "../kernel/errors.js";
import { EntryList } from "./entry-list.js";
import { type LoadedMap } from "./loaded-map.js";
import { type Pacer } from "./pacer.js";

/** Keys and values back to back, in the same order. */
export interface MapDump {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** About what one batch reads. */
const batchSizeBytes = 262_144;
const smallestBatch = 16;

/** Everything that one dump works with. */
interface Dump {
  readonly target: Target;
  readonly map: LoadedMap;
  readonly pacer: Pacer;
  readonly entries: EntryList;
}

/** Every entry of a map. Throws SyscallError, NotSupportedError, LimitError. */
export async function dumpMap(target: Target, map: LoadedMap, pacer: Pacer): Promise<MapDump> {
  const dump = beginDump(target, map, pacer);
  switch (map.kind) {
    case "table":
      if (!(await readBatches(dump, "lookupBatch"))) await walkKeys(dump);
      break;
    case "array":
      if (!(await readBatches(dump, "lookupBatch"))) await readIndexes(dump, { clear: false });
      break;
    case "queue":
      throw new NotSupportedError(`${map.describe("dump")}: a queue is read by taking from it`);
    case "opaque":
      throw opaqueRefusal(map);
  }
  return dump.entries.finish();
}

/**
 * Every entry of a map, taken out of it: each atomically where the kernel can. An array's entries become zeros. What
 * programs add meanwhile may stay.
 */
export async function dumpAndClearMap(
  target: Target,
  map: LoadedMap,
  pacer: Pacer,
): Promise<MapDump> {
  const dump = beginDump(target, map, pacer);
  switch (map.kind) {
    case "table":
      if (!(await readBatches(dump, "lookupAndDeleteBatch"))) await takeKeys(dump);
      break;
    case "array":
      await readIndexes(dump, { clear: true });
      break;
    case "queue":
      await takeValues(dump);
      break;
    case "opaque":
      throw opaqueRefusal(map);
  }
  return dump.entries.finish();
}

function beginDump(target: Target, map: LoadedMap, pacer: Pacer): Dump {
  const { keySizeBytes } = map.attributes;
  const action = map.describe("dump");
  const entries = new EntryList(action, keySizeBytes, map.transferSizeBytes);
  return { target, map, pacer, entries };
}

function opaqueRefusal(map: LoadedMap): NotSupportedError {
  return new NotSupportedError(
    `${map.describe("dump")}: entries of a map of type ${map.attributes.type} are not data`,
  );
}

/** Batch by batch (5.6); `false` when this kernel or map has no batches, and then nothing was read. */
async function readBatches(
  { target, map, pacer, entries }: Dump,
  command: "lookupBatch" | "lookupAndDeleteBatch",
): Promise<boolean> {
  const { bpf, kernel } = target;
  const { keySizeBytes, maxEntries } = map.attributes;
  const entrySizeBytes = keySizeBytes + map.transferSizeBytes;
  let size = Math.min(
    maxEntries,
    Math.max(smallestBatch, Math.floor(batchSizeBytes / entrySizeBytes)),
  );
  let keys = new Uint8Array(size * keySizeBytes);
  let values = new Uint8Array(size * map.transferSizeBytes);
  let from: Uint8Array | undefined;
  for (;;) {
    // A hash table counts in buckets (u32), others go on from a key.
    const to = new Uint8Array(Math.max(8, keySizeBytes));
    const request = { map: map.fd, from, to, keys, values, count: size };
    const { result, count } = bpf[command](request);
    const isLast = kernel.isErrno(result, "ENOENT");
    if (kernel.isErrno(result, "ENOSPC") && size < maxEntries) {
      // One bucket holds more than the batch.
      size = Math.min(maxEntries, size * 2);
      keys = new Uint8Array(size * keySizeBytes);
      values = new Uint8Array(size * map.transferSizeBytes);
      continue;
    }
    const isLacking = kernel.isErrno(result, "EINVAL", "ENOTSUPP", "EOPNOTSUPP");
    if (isLacking && from === undefined) return false;
    if (!isLast) kernel.check(map.describe("dump"), batchName(command), result);
    entries.add(keys, values, count);
    if (isLast) return true;
    from = to;
    await pacer.pause();
  }
}

function batchName(command: "lookupBatch" | "lookupAndDeleteBatch"): string {
  return command === "lookupBatch"
    ? "bpf(BPF_MAP_LOOKUP_BATCH)"
    : "bpf(BPF_MAP_LOOKUP_AND_DELETE_BATCH)";
}

/**
 * Key by key. When a program deletes the key we stand on, the kernel begins anew: so keys that were seen are left out,
 * and the walk ends after twice as many steps as the map has room for.
 */
async function* eachKey({ target, map, pacer }: Dump): AsyncGenerator<Uint8Array> {
  const seen = new Set<string>();
  let key = nextKey(target, map, undefined);
  for (let step = 0; key !== undefined && step < 2 * map.attributes.maxEntries; step++) {
    // Before the key is given away: once it is deleted nothing comes after it.
    const next = nextKey(target, map, key);
    const name = keyText(key);
    if (!seen.has(name)) {
      seen.add(name);
      yield key;
      await pacer.pause();
    }
    key = next;
  }
}

function nextKey(
  { bpf, kernel }: Target,
  map: LoadedMap,
  key: Uint8Array | undefined,
): Uint8Array | undefined {
  const next = new Uint8Array(map.attributes.keySizeBytes);
  const result = bpf.nextKey(map.fd, key, next);
  if (kernel.isErrno(result, "ENOENT")) return undefined;
  kernel.check(map.describe("dump"), "bpf(BPF_MAP_GET_NEXT_KEY)", result);
  return next;
}

function keyText(key: Uint8Array): string {
  let text = "";
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}

async function walkKeys(dump: Dump): Promise<void> {
  const { map, entries } = dump;
  for await (const key of eachKey(dump)) {
    const value = map.lookup(key);
    if (value !== undefined) entries.add(key, value, 1);
  }
}

/** Each entry by one lookup-and-delete (5.14 for hash tables), or by a lookup and a delete where there is none. */
async function takeKeys(dump: Dump): Promise<void> {
  const { target, map, entries } = dump;
  const { bpf, kernel } = target;
  const value = new Uint8Array(map.transferSizeBytes);
  let isAtomic = true;
  for await (const key of eachKey(dump)) {
    if (isAtomic) {
      const result = bpf.lookupAndDelete(map.fd, key, value);
      if (kernel.isErrno(result, "ENOENT")) continue;
      isAtomic = !kernel.isErrno(result, "EINVAL", "ENOTSUPP", "EOPNOTSUPP");
      if (isAtomic) {
        kernel.check(map.describe("dump"), "bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM)", result);
        entries.add(key, value, 1);
        continue;
      }
    }
    const found = map.lookup(key);
    map.delete(key);
    if (found !== undefined) entries.add(key, found, 1);
  }
}

/** An array's entries; clearing writes zeros right after the read, which is as close as the kernel lets us. */
async function readIndexes(
  { target, map, pacer, entries }: Dump,
  { clear }: { readonly clear: boolean },
): Promise<void> {
  const zeros = new Uint8Array(map.transferSizeBytes);
  for (let index = 0; index < map.attributes.maxEntries; index++) {
    const key = new Uint8Array(4);
    target.kernel.view(key).setUint32(0, index, target.kernel.isLittleEndian);
    const value = map.lookup(key);
    if (clear && value?.some((byte) => byte !== 0) === true) map.update(key, zeros);
    if (value !== undefined) entries.add(key, value, 1);
    await pacer.pause();
  }
}

/** A queue's or stack's values, in the order in which it gives them. */
async function takeValues({ target, map, pacer, entries }: Dump): Promise<void> {
  const { bpf, kernel } = target;
  const none = new Uint8Array(0);
  const value = new Uint8Array(map.transferSizeBytes);
  for (let taken = 0; taken < map.attributes.maxEntries; taken++) {
    const result = bpf.lookupAndDelete(map.fd, none, value);
    if (kernel.isErrno(result, "ENOENT")) return;
    kernel.check(map.describe("dump"), "bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM)", result);
    entries.add(none, value, 1);
    await pacer.pause();
  }
}
