import { type Kernel } from "./kernel.js";
import { encodeCString } from "./text.js";
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_BTF_LOAD,
  BPF_ITER_CREATE,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
  BPF_OBJ_GET,
  BPF_ENABLE_STATS,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_OBJ_NAME_LEN,
  BPF_OBJ_PIN,
  BPF_PROG_LOAD,
  BPF_PROG_TEST_RUN,
  BPF_RAW_TRACEPOINT_OPEN,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_UPROBE_MULTI,
} from "./uapi.js";

export interface MapAttributes {
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Descriptor of BTF, and ids in it; 0 for what is not said. */
  readonly types?: { readonly btf: number; readonly key: number; readonly value: number };
  readonly extra?: bigint | undefined;
  readonly numaNode?: number | undefined;
  /** Descriptor of a map like those that this one will hold. */
  readonly inner?: number;
}

/** struct bpf_func_info or bpf_line_info, one after the other. */
export interface InfoRecords {
  readonly recordSizeBytes: number;
  readonly bytes: Uint8Array;
}

export interface ProgramAttributes {
  readonly name: string;
  /** BPF_PROG_TYPE_*. */
  readonly type: number;
  /** BPF_TRACE_*, or 0. */
  readonly expectedAttachType: number;
  /** In vmlinux's BTF, or 0. */
  readonly attachBtfId: number;
  readonly instructions: Uint8Array;
  readonly license: string;
  readonly flags: number;
  /** Descriptor of BTF, and what it says of the instructions. */
  readonly types?: {
    readonly btf: number;
    readonly functions?: InfoRecords | undefined;
    readonly lines?: InfoRecords | undefined;
  };
  /** Descriptor of the BTF of the module that attachBtfId is of; absent: the kernel itself. */
  readonly attachBtf?: number;
  /** Descriptors that instructions refer to by their places in this list. */
  readonly descriptors?: readonly number[];
  /** LINUX_VERSION_CODE: kernels before 5.0 want it of kprobe programs. */
  readonly kernelVersion: number;
}

export interface LinkAttributes {
  readonly program: number;
  /** A perf event's descriptor; 0 where the program itself says what it attaches to. */
  readonly target: number;
  readonly attachType: number;
  /** Of a perf event: what the program learns of where it runs. */
  readonly cookie?: bigint | undefined;
}

export interface KprobeMultiAttributes {
  readonly program: number;
  readonly attachType: number;
  readonly flags: number;
  readonly symbols: readonly string[];
  /** By symbol. */
  readonly cookies?: readonly bigint[] | undefined;
}

export interface UprobeMultiAttributes {
  readonly program: number;
  readonly attachType: number;
  readonly flags: number;
  readonly path: string;
  /** 0: every process. */
  readonly pid: number;
  readonly places: readonly {
    readonly offset: bigint;
    readonly referenceCounterOffset?: bigint | undefined;
    readonly cookie?: bigint | undefined;
  }[];
}

export interface BatchRequest {
  readonly map: number;
  /** What the batch before gave; absent for the first. */
  readonly from: Uint8Array | undefined;
  /** Where the kernel writes how far it came: 8 bytes, or a key's size when that is more. */
  readonly to: Uint8Array;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

/** union bpf_attr is 144 bytes on 6.4; older kernels accept more as long as it is zero. */
const attrSizeBytes = 144;
const instructionSizeBytes = 8;
/** In the first page, which no process has (vm.mmap_min_addr). */
const unreadableAddress = 8n;

/**
 * bpf(2), command by command (union bpf_attr of include/uapi/linux/bpf.h), in the kernel's byte order. Each gives the
 * call's result or the negated errno: what an errno means depends on who asks.
 */
export class Bpf {
  readonly #kernel: Kernel;
  readonly #bytes = new Uint8Array(attrSizeBytes);
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;
  /** Buffers whose addresses stand in the attributes, so that they outlive the call. */
  readonly #pinned: Uint8Array[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#view = new DataView(this.#bytes.buffer);
    this.#isLittleEndian = kernel.isLittleEndian;
  }

  /** A descriptor. */
  createMap(map: MapAttributes): number {
    this.#u32(0, map.type);
    this.#u32(4, map.keySizeBytes);
    this.#u32(8, map.valueSizeBytes);
    this.#u32(12, map.maxEntries);
    this.#u32(16, map.flags);
    this.#u32(20, map.inner ?? 0);
    this.#u32(24, map.numaNode ?? 0);
    this.#objectName(28, map.name);
    if (map.types !== undefined) {
      this.#u32(48, map.types.btf);
      this.#u32(52, map.types.key);
      this.#u32(56, map.types.value);
    }
    this.#u64(64, map.extra ?? 0n);
    return this.#call(BPF_MAP_CREATE);
  }

  freezeMap(map: number): number {
    this.#u32(0, map);
    return this.#call(BPF_MAP_FREEZE);
  }

  /** Puts an object at a path below bpffs. */
  pin(fd: number, path: string): number {
    this.#pointer(0, encodeCString(path));
    this.#u32(8, fd);
    return this.#call(BPF_OBJ_PIN);
  }

  /** A descriptor of what is at a path below bpffs. */
  openPinned(path: string): number {
    this.#pointer(0, encodeCString(path));
    return this.#call(BPF_OBJ_GET);
  }

  /** A descriptor. With a log buffer the kernel says what is wrong. */
  loadBtf(data: Uint8Array, log?: Uint8Array): number {
    this.#pointer(0, data);
    this.#u32(16, data.length);
    if (log !== undefined) {
      this.#pointer(8, log);
      this.#u32(20, log.length);
      this.#u32(24, 1);
    }
    return this.#call(BPF_BTF_LOAD);
  }

  /** The next id of BTF that is in the kernel; -ENOENT at the end. */
  nextBtfId(id: number): { result: number; id: number } {
    this.#u32(0, id);
    let next = 0;
    const result = this.#call(BPF_BTF_GET_NEXT_ID, () => {
      next = this.#view.getUint32(4, this.#isLittleEndian);
    });
    return { result, id: next };
  }

  /** A descriptor. */
  openBtf(id: number): number {
    this.#u32(0, id);
    return this.#call(BPF_BTF_GET_FD_BY_ID);
  }

  /** Writes the value found under the key; -ENOENT when there is none. */
  lookup(map: number, key: Uint8Array, value: Uint8Array): number {
    return this.#element(BPF_MAP_LOOKUP_ELEM, map, key, value);
  }

  update(map: number, key: Uint8Array, value: Uint8Array): number {
    return this.#element(BPF_MAP_UPDATE_ELEM, map, key, value);
  }

  delete(map: number, key: Uint8Array): number {
    return this.#element(BPF_MAP_DELETE_ELEM, map, key, undefined);
  }

  lookupAndDelete(map: number, key: Uint8Array, value: Uint8Array): number {
    return this.#element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, key, value);
  }

  /** Writes the key after this one, the first without one; -ENOENT at the end. */
  nextKey(map: number, key: Uint8Array | undefined, next: Uint8Array): number {
    return this.#element(BPF_MAP_GET_NEXT_KEY, map, key, next);
  }

  /** -ENOENT with a count is the last batch, not a failure. */
  lookupBatch(request: BatchRequest): { result: number; count: number } {
    return this.#batch(BPF_MAP_LOOKUP_BATCH, request);
  }

  lookupAndDeleteBatch(request: BatchRequest): { result: number; count: number } {
    return this.#batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, request);
  }

  /**
   * A descriptor. With a log buffer the verifier writes into it, at log level 1: of a program that is good that is next to
   * nothing, but at level 2 all that it goes through.
   */
  loadProgram(program: ProgramAttributes, log?: Uint8Array, logLevel = 1): number {
    this.#u32(0, program.type);
    this.#u32(4, program.instructions.length / instructionSizeBytes);
    this.#pointer(8, program.instructions);
    this.#pointer(16, encodeCString(program.license));
    if (log !== undefined) {
      this.#u32(24, logLevel);
      this.#u32(28, log.length);
      this.#pointer(32, log);
    }
    this.#u32(40, program.kernelVersion);
    this.#u32(44, program.flags);
    this.#objectName(48, program.name);
    this.#u32(68, program.expectedAttachType);
    if (program.types !== undefined) {
      this.#u32(72, program.types.btf);
      this.#infoRecords({ size: 76, pointer: 80, count: 88 }, program.types.functions);
      this.#infoRecords({ size: 92, pointer: 96, count: 104 }, program.types.lines);
    }
    this.#u32(108, program.attachBtfId);
    this.#u32(112, program.attachBtf ?? 0);
    if (program.descriptors !== undefined) {
      this.#pointer(120, new Uint8Array(Int32Array.from(program.descriptors).buffer));
    }
    return this.#call(BPF_PROG_LOAD);
  }

  /** A descriptor. */
  createLink(link: LinkAttributes): number {
    this.#u32(0, link.program);
    this.#u32(4, link.target);
    this.#u32(8, link.attachType);
    this.#u64(16, link.cookie ?? 0n);
    return this.#call(BPF_LINK_CREATE);
  }

  /**
   * A link of a program to one kernel function, in a list of addresses that cannot be read: EFAULT when the kernel came as
   * far as to read it.
   */
  askForKprobeMulti(program: number): number {
    this.#u32(0, program);
    this.#u32(8, BPF_TRACE_KPROBE_MULTI);
    this.#u32(20, 1); // kprobe_multi.cnt
    this.#u64(32, unreadableAddress); // kprobe_multi.addrs
    return this.#call(BPF_LINK_CREATE);
  }

  /** The same of one function of a program, whose path cannot be read. */
  askForUprobeMulti(program: number): number {
    this.#u32(0, program);
    this.#u32(8, BPF_TRACE_UPROBE_MULTI);
    this.#u64(16, unreadableAddress); // uprobe_multi.path
    this.#u64(24, unreadableAddress); // uprobe_multi.offsets
    this.#u32(48, 1); // uprobe_multi.cnt
    return this.#call(BPF_LINK_CREATE);
  }

  /** A descriptor. */
  createKprobeMultiLink(link: KprobeMultiAttributes, pointerSize: 4 | 8): number {
    this.#u32(0, link.program);
    this.#u32(8, link.attachType);
    this.#u32(16, link.flags);
    this.#u32(20, link.symbols.length);
    this.#pointer(24, this.#stringList(link.symbols, pointerSize));
    if (link.cookies !== undefined) this.#pointer(40, this.#words(link.cookies, 8));
    return this.#call(BPF_LINK_CREATE);
  }

  /** A descriptor. */
  createUprobeMultiLink(link: UprobeMultiAttributes, wordSize: 4 | 8): number {
    const { places } = link;
    this.#u32(0, link.program);
    this.#u32(8, link.attachType);
    this.#pointer(16, encodeCString(link.path));
    this.#pointer(
      24,
      this.#words(
        places.map(({ offset }) => offset),
        wordSize,
      ),
    );
    if (places.some(({ referenceCounterOffset = 0n }) => referenceCounterOffset !== 0n)) {
      const counters = places.map(({ referenceCounterOffset = 0n }) => referenceCounterOffset);
      this.#pointer(32, this.#words(counters, wordSize));
    }
    if (places.some(({ cookie }) => cookie !== undefined)) {
      this.#pointer(
        40,
        this.#words(
          places.map(({ cookie = 0n }) => cookie),
          8,
        ),
      );
    }
    this.#u32(48, places.length);
    this.#u32(52, link.flags);
    this.#u32(56, link.pid);
    return this.#call(BPF_LINK_CREATE);
  }

  /** A descriptor from which what an iterator's program writes can be read. */
  createIterator(link: number): number {
    this.#u32(0, link);
    return this.#call(BPF_ITER_CREATE);
  }

  /** A descriptor; without a name the program's BTF id says what it attaches to. */
  openRawTracepoint(program: number, name: string | undefined): number {
    if (name !== undefined) this.#pointer(0, encodeCString(name));
    this.#u32(8, program);
    return this.#call(BPF_RAW_TRACEPOINT_OPEN);
  }

  /**
   * Runs a raw tracepoint program once, on this CPU, without a context: bpf_prog_test_run_raw_tp of net/bpf/test_run.c
   * refuses data, a repeat count and a CPU that is not asked for by flag.
   */
  runProgram(program: number): { result: number; returnValue: number } {
    this.#u32(0, program);
    let returnValue = 0;
    const result = this.#call(BPF_PROG_TEST_RUN, () => {
      returnValue = this.#view.getUint32(4, this.#isLittleEndian);
    });
    return { result, returnValue };
  }

  /** Writes struct bpf_prog_info or bpf_map_info, as much of it as the kernel knows. */
  objectInfo(fd: number, info: Uint8Array): number {
    this.#u32(0, fd);
    this.#u32(4, info.length);
    this.#pointer(8, info);
    return this.#call(BPF_OBJ_GET_INFO_BY_FD);
  }

  /** A descriptor: as long as it is open, the kernel measures programs' run times (BPF_STATS_RUN_TIME is 0). */
  enableStatistics(): number {
    return this.#call(BPF_ENABLE_STATS);
  }

  /** A command number that this kernel may not have, on a descriptor that is none: EBADF when it has it, else EINVAL. */
  askForCommand(command: number, fdOffset: number): number {
    this.#u32(fdOffset, 0xffff_ffff);
    return this.#call(command);
  }

  #element(
    command: number,
    map: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): number {
    this.#u32(0, map);
    this.#pointer(8, key);
    this.#pointer(16, value);
    return this.#call(command);
  }

  #batch(command: number, request: BatchRequest): { result: number; count: number } {
    this.#pointer(0, request.from);
    this.#pointer(8, request.to);
    this.#pointer(16, request.keys);
    this.#pointer(24, request.values);
    this.#u32(32, request.count);
    this.#u32(36, request.map);
    let count = 0;
    const result = this.#call(command, () => {
      count = this.#view.getUint32(32, this.#isLittleEndian);
    });
    return { result, count };
  }

  #infoRecords(
    at: { readonly size: number; readonly pointer: number; readonly count: number },
    records: InfoRecords | undefined,
  ): void {
    if (records === undefined || records.recordSizeBytes === 0) return;
    this.#u32(at.size, records.recordSizeBytes);
    this.#pointer(at.pointer, records.bytes);
    this.#u32(at.count, Math.floor(records.bytes.length / records.recordSizeBytes));
  }

  /** An array of C's unsigned longs, or of u64s. */
  #words(values: readonly bigint[], wordSize: 4 | 8): Uint8Array {
    const bytes = new Uint8Array(values.length * wordSize);
    const view = this.#kernel.view(bytes);
    for (const [index, value] of values.entries()) {
      if (wordSize === 8) view.setBigUint64(index * 8, value, this.#isLittleEndian);
      else view.setUint32(index * 4, Number(value & 0xffff_ffffn), this.#isLittleEndian);
    }
    return bytes;
  }

  /** An array of pointers to strings. */
  #stringList(texts: readonly string[], pointerSize: 4 | 8): Uint8Array {
    const strings = texts.map((text) => encodeCString(text));
    const all = new Uint8Array(strings.reduce((sum, { length }) => sum + length, 0));
    this.#pinned.push(all);
    let address = this.#kernel.addressOf(all);
    let at = 0;
    const pointers = strings.map((string) => {
      all.set(string, at);
      at += string.length;
      const pointer = address;
      address += BigInt(string.length);
      return pointer;
    });
    return this.#words(pointers, pointerSize);
  }

  #u32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, this.#isLittleEndian);
  }

  #u64(offset: number, value: bigint): void {
    this.#view.setBigUint64(offset, value, this.#isLittleEndian);
  }

  /** An empty buffer has no address: queues have keys of no bytes, and the kernel wants NULL for them. */
  #pointer(offset: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined || bytes.length === 0) return;
    this.#pinned.push(bytes);
    this.#u64(offset, this.#kernel.addressOf(bytes));
  }

  #objectName(offset: number, name: string): void {
    const bytes = encodeCString(name).subarray(0, BPF_OBJ_NAME_LEN - 1);
    this.#bytes.set(bytes, offset);
  }

  /** Leaves the attributes zeroed for the next command. */
  #call(command: number, readAnswer?: () => void): number {
    const result = this.#kernel.call("bpf", command, this.#bytes, attrSizeBytes);
    readAnswer?.();
    this.#bytes.fill(0);
    this.#pinned.length = 0;
    return result;
  }
}
