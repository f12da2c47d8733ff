import { type Target } from "../features/target.js";
import { HandleError, NotSupportedError, RequestError } from "../kernel/errors.js";
import { type MapAttributes } from "../kernel/bpf.js";
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY } from "../kernel/uapi.js";
import { openPinnedMap } from "./pinned-map.js";
import { isPerCpu, mapKind, type MapKind } from "./map-kind.js";
import { withLockedMemory } from "./memory-limit.js";
import { type Resource } from "./resource.js";

/** A map that is to be made, or to be taken from where it is pinned. */
export interface MapRequest extends MapAttributes {
  readonly pinPath?: string | undefined;
}

/** A map in the kernel. */
export class LoadedMap implements Resource {
  readonly attributes: MapAttributes;
  readonly kind: MapKind;
  /** What the kernel reads and writes at a time: for per-CPU maps all CPUs' values, each padded to 8 bytes. */
  readonly transferSizeBytes: number;
  /** A ring has one consumer position, a perf array one event for each CPU: one stream at a time. */
  hasStream = false;
  readonly #target: Target;
  readonly #cpuCount: number;
  #fd: number;
  /** Where it is to be pinned. */
  #pinPath: string | undefined;

  private constructor(target: Target, attributes: MapAttributes, fd: number) {
    this.#target = target;
    this.attributes = attributes;
    this.kind = mapKind(attributes.type);
    this.#cpuCount = isPerCpu(attributes.type) ? target.possibleCpus.length : 1;
    this.transferSizeBytes = isPerCpu(attributes.type)
      ? this.#paddedSizeBytes * this.#cpuCount
      : attributes.valueSizeBytes;
    this.#fd = fd;
  }

  /** Throws SyscallError; RequestError when another map than this one is pinned there. */
  static create(target: Target, { pinPath, ...attributes }: MapRequest): LoadedMap {
    const isSizedByCpus =
      attributes.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY && attributes.maxEntries === 0;
    // One for each CPU's number, which are not always without gaps.
    const maxEntries = isSizedByCpus ? Math.max(...target.possibleCpus) + 1 : attributes.maxEntries;
    const all = { ...attributes, maxEntries };
    const pinned = pinPath === undefined ? undefined : openPinnedMap(target, all, pinPath);
    if (pinned !== undefined) return new LoadedMap(target, all, pinned);
    const { kernel, bpf } = target;
    const create = (request: MapAttributes): number =>
      withLockedMemory(kernel, () => bpf.createMap(request));
    let result = create(all);
    // They only describe the map, and kernels do not agree with all: to a 32-bit one a pointer has 4 bytes.
    const { types, ...undescribed } = all;
    if (result < 0 && types !== undefined) result = create(undescribed);
    const fd = kernel.check(describe("create", attributes.name), "bpf(BPF_MAP_CREATE)", result);
    const map = new LoadedMap(target, all, fd);
    map.#pinPath = pinPath;
    return map;
  }

  /** Puts a map where it is to stay, when all else has been done; nothing for one that is there already. Throws SyscallError. */
  pin(): void {
    if (this.#pinPath === undefined) return;
    const { kernel, bpf } = this.#target;
    const action = `${this.describe("pin")} at ${this.#pinPath}`;
    kernel.check(action, "bpf(BPF_OBJ_PIN)", bpf.pin(this.fd, this.#pinPath), {
      hint: "bpffs has to be mounted there: mount -t bpf bpf /sys/fs/bpf",
    });
    this.#pinPath = undefined;
  }

  /** Lets no system call change what it holds. Throws SyscallError. */
  freeze(): void {
    const { kernel, bpf } = this.#target;
    kernel.check(this.describe("freeze"), "bpf(BPF_MAP_FREEZE)", bpf.freezeMap(this.fd));
  }

  /** Throws HandleError once it is closed. */
  get fd(): number {
    if (this.#fd < 0) throw new HandleError(`map "${this.attributes.name}" is closed`);
    return this.#fd;
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** `undefined` when there is no such entry. Throws SyscallError. */
  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#requireKey(key, "look up in");
    const { kernel, bpf } = this.#target;
    const value = new Uint8Array(this.transferSizeBytes);
    const result = bpf.lookup(this.fd, key, value);
    if (kernel.isErrno(result, "ENOENT")) return undefined;
    kernel.check(this.describe("look up in"), "bpf(BPF_MAP_LOOKUP_ELEM)", result);
    return value;
  }

  /** For a per-CPU map the value is every CPU's, or one that is written for each of them. Throws SyscallError. */
  update(key: Uint8Array, value: Uint8Array): void {
    this.#requireKey(key, "update");
    const { kernel, bpf } = this.#target;
    const result = bpf.update(this.fd, key, this.#transferValue(value));
    kernel.check(this.describe("update"), "bpf(BPF_MAP_UPDATE_ELEM)", result);
  }

  /** Puts a descriptor under an index: of a perf event for a CPU, of a map, of a program. Throws SyscallError. */
  putDescriptor(index: number, descriptor: number): void {
    const { kernel, bpf } = this.#target;
    const words = new Uint32Array([index, descriptor]);
    const bytes = new Uint8Array(words.buffer);
    const result = bpf.update(this.fd, bytes.subarray(0, 4), bytes.subarray(4));
    kernel.check(this.describe("update"), "bpf(BPF_MAP_UPDATE_ELEM)", result);
  }

  /** Whether there was one. Throws SyscallError. */
  delete(key: Uint8Array): boolean {
    this.#requireKey(key, "delete from");
    const { kernel, bpf } = this.#target;
    const result = bpf.delete(this.fd, key);
    if (kernel.isErrno(result, "ENOENT")) return false;
    kernel.check(this.describe("delete from"), "bpf(BPF_MAP_DELETE_ELEM)", result);
    return true;
  }

  describe(verb: string): string {
    return describe(verb, this.attributes.name);
  }

  release(): readonly number[] {
    const fd = this.#fd;
    this.#fd = -1;
    return [fd];
  }

  get #paddedSizeBytes(): number {
    return (this.attributes.valueSizeBytes + 7) & ~7;
  }

  /** The kernel reads as many bytes as the map's keys have, however many we hold. */
  #requireKey(key: Uint8Array, verb: string): void {
    const { keySizeBytes } = this.attributes;
    if (this.kind === "opaque") {
      throw new NotSupportedError(
        `${this.describe(verb)}: entries of a map of type ${this.attributes.type} are not data`,
      );
    }
    if (key.length === keySizeBytes) return;
    throw new RequestError(
      `${this.describe(verb)}: a key of ${key.length} bytes, where it has ${keySizeBytes}`,
    );
  }

  #transferValue(value: Uint8Array): Uint8Array {
    if (value.length === this.transferSizeBytes) return value;
    if (value.length !== this.attributes.valueSizeBytes) {
      throw new RequestError(
        `${this.describe("update")}: a value of ${value.length} bytes, ` +
          `where it has ${this.attributes.valueSizeBytes}`,
      );
    }
    const all = new Uint8Array(this.transferSizeBytes);
    for (let cpu = 0; cpu < this.#cpuCount; cpu++) all.set(value, cpu * this.#paddedSizeBytes);
    return all;
  }
}

function describe(verb: string, name: string): string {
  return `${verb} map "${name}"`;
}
