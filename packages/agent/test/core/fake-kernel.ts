import { type ErrnoName, errnoNumbers } from "../../src/kernel/errno.js";
import { type SyscallName, syscallNumbers } from "../../src/system/syscall-numbers.js";
import { decodeCString } from "../../src/kernel/text.js";
import {
  type Machine,
  type MapRequest,
  type NativeMapping,
  type System,
  type SyscallArgument,
  type Timer,
  type Watch,
} from "../../src/system/system.js";
import { FakeFiles, type FakeFile } from "./fake-files.js";
import { FakeMap } from "./fake-maps.js";

const commandNames: Readonly<Record<number, string>> = {
  0: "MAP_CREATE",
  1: "MAP_LOOKUP_ELEM",
  2: "MAP_UPDATE_ELEM",
  3: "MAP_DELETE_ELEM",
  4: "MAP_GET_NEXT_KEY",
  5: "PROG_LOAD",
  10: "PROG_TEST_RUN",
  15: "OBJ_GET_INFO_BY_FD",
  17: "RAW_TRACEPOINT_OPEN",
  21: "MAP_LOOKUP_AND_DELETE_ELEM",
  24: "MAP_LOOKUP_BATCH",
  25: "MAP_LOOKUP_AND_DELETE_BATCH",
  28: "LINK_CREATE",
};

const ioctlNames: Readonly<Record<number, string>> = {
  0x2400: "ENABLE",
  0x2401: "DISABLE",
  0x2408: "SET_BPF",
};

interface OpenFile extends FakeFile {
  position: number;
}

export interface FakeTimer {
  readonly at: number;
  readonly callback: () => void;
}

export interface FakeWatch {
  readonly fd: number;
  readonly onReadable: () => void;
  state: "watching" | "paused" | "closed";
}

const x64: Machine = { architecture: "x64", isLittleEndian: true, pointerSize: 8 };

/**
 * A kernel that does what a test says, and remembers what it was asked: no system call is real. Answers that a test
 * does not give are those of a kernel that can do everything.
 */
export class FakeKernel implements System {
  readonly machine: Machine;
  readonly files = new FakeFiles();
  /** What changes the kernel's state, in order: "perf_event_open type=2 config=7 pid=-1 cpu=0 -> 5". */
  readonly calls: string[] = [];
  readonly logged: string[] = [];
  readonly openFds = new Set<number>();
  readonly maps = new Map<number, FakeMap>();
  readonly watches: FakeWatch[] = [];
  /** Memory that map() gives, by the descriptor and the offset: "5:0". */
  readonly memory = new Map<string, Uint8Array>();
  readonly unmapped: string[] = [];
  timers: FakeTimer[] = [];
  /** `uname -m`. */
  machineName = "x86_64";
  /** Whether there are clocks; they stand still. */
  answerClocks = false;
  time = 0;
  #nextFd = 3;
  #nextAddress = 0x1000n;
  readonly #addresses = new Map<bigint, Uint8Array>();
  readonly #files = new Map<number, OpenFile>();
  readonly #refusals = new Map<string, number>();
  readonly #writes = new Map<string, (line: string) => void>();

  constructor(machine: Machine = x64) {
    this.machine = machine;
    this.files.set("/proc/self/mounts", "tracefs /sys/kernel/tracing tracefs rw 0 0\n");
    this.files.set("/sys/devices/system/cpu/possible", "0-3\n");
    this.files.set("/sys/devices/system/cpu/online", "0-1\n");
  }

  /** From now on the call is refused: "perf_event_open", "bpf(LINK_CREATE)", "ioctl(SET_BPF)", "perf_event_open type=8". */
  /** A map's types are not what this kernel takes them for. */
  refusesMapTypes = false;

  refuse(call: string, errno: ErrnoName): void {
    this.#refusals.set(call, errnoNumbers(this.machine.architecture)[errno]);
  }

  allow(call: string): void {
    this.#refusals.delete(call);
  }

  /** Called when RLIMIT_MEMLOCK is lifted; without it that is refused. */
  onLimitLifted: (() => void) | undefined;

  /** Called with each line that is written to a file. */
  onWrite(path: string, react: (line: string) => void): void {
    this.#writes.set(path, react);
  }

  addPmu(name: "kprobe" | "uprobe", type: number): void {
    const folder = `/sys/bus/event_source/devices/${name}`;
    this.files.set(`${folder}/type`, `${type}\n`);
    this.files.set(`${folder}/format/retprobe`, "config:0\n");
    if (name === "uprobe") this.files.set(`${folder}/format/ref_ctr_offset`, "config:32-63\n");
  }

  /** A descriptor that is open from now on. */
  createFd(): number {
    const fd = this.#nextFd++;
    this.openFds.add(fd);
    return fd;
  }

  /** Runs what is due until so many milliseconds later. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== due);
      this.time = Math.max(this.time, due.at);
      due.callback();
    }
    this.time = end;
  }

  /** A descriptor has become readable. */
  wake(fd: number): void {
    for (const watch of this.watches) {
      if (watch.fd === fd && watch.state === "watching") watch.onReadable();
    }
  }

  syscall(number: number, ...args: readonly SyscallArgument[]): number {
    const numbers = syscallNumbers[this.machine.architecture];
    const name = (Object.keys(numbers) as SyscallName[]).find((one) => numbers[one] === number);
    switch (name) {
      case "bpf":
        return this.#bpf(Number(args[0]), asBytes(args[1]));
      case "perf_event_open":
        return this.#perfEventOpen(asBytes(args[0]), Number(args[1]), Number(args[2]));
      case "ioctl":
        return this.#ioctl(Number(args[0]), Number(args[1]), Number(args[2]));
      case "openat":
        return this.#openAt(decodeCString(asBytes(args[1])));
      case "read":
        return this.#read(Number(args[0]), asBytes(args[1]));
      case "pread64":
        return this.#readAt(Number(args[0]), asBytes(args[1]), args.slice(3));
      case "write":
        return this.#write(Number(args[0]), asBytes(args[1]));
      case "close":
        return this.#close(Number(args[0]));
      case "readlinkat":
        return this.#readLink(decodeCString(asBytes(args[1])), asBytes(args[2]));
      case "statx":
        return this.#statx(Number(args[0]), asBytes(args[4]));
      case "getdents64":
        return this.#getDents(Number(args[0]), asBytes(args[1]));
      case "uname":
        return writeUname(asBytes(args[0]), this.machineName);
      case "clock_gettime":
        return this.answerClocks ? 0 : -this.#errno("ENOSYS");
      case "prlimit64":
        this.onLimitLifted?.();
        return this.onLimitLifted === undefined ? -this.#errno("EPERM") : 0;
      case "getpid":
        return 77;
      case "getrandom":
        return asBytes(args[0]).fill(7).length;
      default:
        return -this.#errno("ENOSYS");
    }
  }

  addressOf(bytes: Uint8Array): bigint {
    const address = this.#nextAddress;
    this.#nextAddress += BigInt(bytes.length + 16);
    this.#addresses.set(address, bytes);
    return address;
  }

  map({ fd, offset, isWritable }: MapRequest): NativeMapping | number {
    const bytes = this.memory.get(`${fd}:${offset}`);
    if (bytes === undefined) return -this.#errno("EINVAL");
    return {
      bytes,
      close: () => {
        this.unmapped.push(`${fd}:${offset}${isWritable ? " rw" : ""}`);
      },
    };
  }

  watch(fd: number, onReadable: () => void): Watch {
    const watch: FakeWatch = { fd, onReadable, state: "watching" };
    this.watches.push(watch);
    const become = (state: FakeWatch["state"]): void => {
      if (watch.state !== "closed") watch.state = state;
    };
    return {
      pause: () => {
        become("paused");
      },
      resume: () => {
        become("watching");
      },
      close: () => {
        become("closed");
      },
    };
  }

  async closeInBackground(fds: readonly number[]): Promise<void> {
    for (const fd of fds) {
      await Promise.resolve();
      this.#close(fd);
    }
  }

  after(milliseconds: number, callback: () => void): Timer {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter((one) => one !== timer);
      },
    };
  }

  now(): number {
    return this.time;
  }

  log(line: string): void {
    this.logged.push(line);
  }

  #errno(name: ErrnoName): number {
    return errnoNumbers(this.machine.architecture)[name];
  }

  /** Whether any spelling of the call is refused, the most exact first. */
  #refusal(...spellings: readonly string[]): number | undefined {
    for (const spelling of spellings) {
      const errno = this.#refusals.get(spelling);
      if (errno !== undefined) return -errno;
    }
    return undefined;
  }

  #remember(call: string, result: number): number {
    this.calls.push(`${call} -> ${result}`);
    return result;
  }

  #bpf(command: number, attr: Uint8Array): number {
    const view = new DataView(attr.buffer, attr.byteOffset, attr.length);
    const name = commandNames[command] ?? String(command);
    const refusal = this.#refusal(`bpf(${name})`);
    const u32 = (offset: number): number => view.getUint32(offset, this.machine.isLittleEndian);
    const pointer = (offset: number): Uint8Array | undefined =>
      this.#addresses.get(view.getBigUint64(offset, this.machine.isLittleEndian));
    const text = (offset: number): string => decodeCString(pointer(offset) ?? new Uint8Array(0));
    switch (name) {
      case "MAP_CREATE": {
        const label = `bpf(MAP_CREATE) type=${u32(0)} name=${decodeCString(attr.subarray(28, 44))}`;
        if (refusal !== undefined) return this.#remember(label, refusal);
        if (this.refusesMapTypes && u32(48) !== 0) {
          return this.#remember(label, -errnoNumbers(this.machine.architecture).EINVAL);
        }
        const fd = this.createFd();
        this.maps.set(fd, new FakeMap(u32(0), u32(4), u32(8), u32(12)));
        return this.#remember(label, fd);
      }
      case "PROG_LOAD": {
        const label = `bpf(PROG_LOAD) type=${u32(0)} log=${u32(28)}`;
        // At level 2 it has much to say of a good program, too.
        if (refusal !== undefined || u32(24) === 2) this.verify?.(pointer(32));
        return this.#remember(label, refusal ?? this.createFd());
      }
      case "LINK_CREATE": {
        const label = `bpf(LINK_CREATE) program=${u32(0)} target=${u32(4)} type=${u32(8)}`;
        return this.#remember(label, refusal ?? this.createFd());
      }
      case "RAW_TRACEPOINT_OPEN": {
        const label = `bpf(RAW_TRACEPOINT_OPEN) name=${text(0)} program=${u32(8)}`;
        return this.#remember(label, refusal ?? this.createFd());
      }
      case "PROG_TEST_RUN":
        view.setUint32(4, 42, this.machine.isLittleEndian);
        return this.#remember(`bpf(PROG_TEST_RUN) program=${u32(0)}`, refusal ?? 0);
      case "MAP_LOOKUP_BATCH":
      case "MAP_LOOKUP_AND_DELETE_BATCH":
        return refusal ?? this.#batch(name, view, pointer);
      default:
        return refusal ?? this.#element(name, u32(0), pointer(8), pointer(16));
    }
  }

  /** Writes what the verifier says into the log, when there is one. */
  verify: ((log: Uint8Array | undefined) => void) | undefined;

  #element(
    name: string,
    fd: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
  ): number {
    const map = this.maps.get(fd);
    if (map === undefined) return -this.#errno("EBADF");
    if (name === "MAP_GET_NEXT_KEY") {
      const next = map.after(key);
      if (next === undefined) return -this.#errno("ENOENT");
      value?.set(next);
      return 0;
    }
    const at = key ?? new Uint8Array(0);
    if (name === "MAP_UPDATE_ELEM") {
      map.set(at, value ?? new Uint8Array(0));
      return 0;
    }
    const found = map.get(at);
    if (found === undefined) return -this.#errno("ENOENT");
    if (name !== "MAP_DELETE_ELEM") value?.set(found);
    if (name !== "MAP_LOOKUP_ELEM") map.delete(at);
    return 0;
  }

  #batch(
    name: string,
    view: DataView,
    pointer: (offset: number) => Uint8Array | undefined,
  ): number {
    const little = this.machine.isLittleEndian;
    const map = this.maps.get(view.getUint32(36, little));
    if (map === undefined) return -this.#errno("EBADF");
    const from = pointer(0)?.[0] ?? 0;
    const isDeleting = name === "MAP_LOOKUP_AND_DELETE_BATCH";
    const wanted = view.getUint32(32, little);
    const entries = map.batch(isDeleting ? 0 : from, wanted);
    for (const [index, { key, value }] of entries.entries()) {
      pointer(16)?.set(key, index * key.length);
      pointer(24)?.set(value, index * value.length);
      if (isDeleting) map.delete(key);
    }
    pointer(8)?.set([from + entries.length]);
    view.setUint32(32, entries.length, little);
    const isLast = isDeleting ? map.entries.size === 0 : from + entries.length >= map.entries.size;
    return isLast ? -this.#errno("ENOENT") : 0;
  }

  #perfEventOpen(attr: Uint8Array, pid: number, cpu: number): number {
    const view = new DataView(attr.buffer, attr.byteOffset, attr.length);
    const little = this.machine.isLittleEndian;
    const type = view.getUint32(0, little);
    const hasName = view.getBigUint64(56, little) !== 0n;
    const parts = [
      `perf_event_open type=${type}`,
      `config=${view.getBigUint64(8, little)}`,
      ...(hasName ? [`name=${decodeCString(attr.subarray(112))}`] : []),
      ...(hasName ? [`offset=${view.getBigUint64(64, little)}`] : []),
      ...(view.getBigUint64(16, little) === 0n ? [] : [`period=${view.getBigUint64(16, little)}`]),
      `flags=${view.getBigUint64(40, little).toString(16)}`,
      `pid=${pid} cpu=${cpu}`,
    ];
    const refusal = this.#refusal(
      `perf_event_open ${parts.filter((part) => /^(name|offset)=/.test(part)).join(" ")}`,
      `perf_event_open type=${type} cpu=${cpu}`,
      `perf_event_open type=${type}`,
      "perf_event_open",
    );
    return this.#remember(parts.join(" "), refusal ?? this.createFd());
  }

  #ioctl(fd: number, request: number, argument: number): number {
    const name = ioctlNames[request & 0xffff] ?? String(request);
    const label = `ioctl(${name}) ${fd}${name === "SET_BPF" ? ` program=${argument}` : ""}`;
    return this.#remember(label, this.#refusal(`ioctl(${name})`) ?? 0);
  }

  #openAt(path: string): number {
    const refusal = this.#refusal(`openat ${path}`);
    if (refusal !== undefined) return refusal;
    const again = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
    const file = again === undefined ? this.files.open(path) : this.#files.get(Number(again));
    if (file === undefined) return -this.#errno("ENOENT");
    const fd = this.createFd();
    this.#files.set(fd, { ...file, position: 0 });
    return fd;
  }

  #read(fd: number, target: Uint8Array): number {
    const file = this.#files.get(fd);
    if (file === undefined) return -this.#errno("EBADF");
    const part = file.bytes.subarray(file.position, file.position + target.length);
    target.set(part);
    file.position += part.length;
    return part.length;
  }

  #readAt(fd: number, target: Uint8Array, offset: readonly SyscallArgument[]): number {
    const file = this.#files.get(fd);
    if (file === undefined) return -this.#errno("EBADF");
    const refusal = this.#refusal("pread64");
    if (refusal !== undefined) return refusal;
    this.lastOffsetArguments = offset;
    const at = offset.length === 1 ? Number(offset[0]) : 0;
    const part = file.bytes.subarray(at, at + target.length);
    target.set(part);
    return part.length;
  }

  /** What pread64 got after the count: one word, or two, or a gap and two. */
  lastOffsetArguments: readonly SyscallArgument[] = [];

  #write(fd: number, bytes: Uint8Array): number {
    const path = this.#files.get(fd)?.path ?? "";
    const line = decodeCString(bytes).trim();
    const refusal = this.#refusal(`write ${path}`, `write ${line.slice(0, 1)}`);
    this.#remember(`write ${path} "${line}"`, refusal ?? bytes.length);
    if (refusal !== undefined) return refusal;
    this.#writes.get(path)?.(line);
    return bytes.length;
  }

  #close(fd: number): number {
    const isFile = this.#files.delete(fd);
    if (!this.openFds.delete(fd)) return this.#remember(`close ${fd}`, -this.#errno("EBADF"));
    return isFile ? 0 : this.#remember(`close ${fd}`, 0);
  }

  #readLink(path: string, target: Uint8Array): number {
    const fd = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
    const file = this.#files.get(Number(fd));
    if (file === undefined) return -this.#errno("ENOENT");
    const bytes = Uint8Array.from([...file.path].map((character) => character.charCodeAt(0)));
    target.set(bytes);
    return bytes.length;
  }

  #statx(fd: number, buffer: Uint8Array): number {
    const file = this.#files.get(fd);
    if (file === undefined) return -this.#errno("EBADF");
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    const little = this.machine.isLittleEndian;
    view.setUint16(0x1c, file.isDirectory ? 0o040_755 : 0o100_644, little);
    view.setBigUint64(0x20, 9n, little);
    view.setBigUint64(0x28, BigInt(file.bytes.length), little);
    view.setBigInt64(0x70, 5n, little);
    view.setUint32(0x78, 6, little);
    view.setUint32(0x88, 8, little);
    view.setUint32(0x8c, 1, little);
    return 0;
  }

  #getDents(fd: number, buffer: Uint8Array): number {
    const file = this.#files.get(fd);
    if (file === undefined || file.position > 0) return 0;
    file.position = 1;
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    for (const name of [".", "..", ...this.files.list(file.path)]) {
      const length = (19 + name.length + 1 + 7) & ~7;
      view.setUint16(offset + 16, length, this.machine.isLittleEndian);
      buffer.set(
        [...name].map((character) => character.charCodeAt(0)),
        offset + 19,
      );
      buffer[offset + 19 + name.length] = 0;
      offset += length;
    }
    return offset;
  }
}

function asBytes(argument: SyscallArgument | undefined): Uint8Array {
  return argument instanceof Uint8Array ? argument : new Uint8Array(0);
}

function writeUname(buffer: Uint8Array, machine: string): number {
  const fields = ["Linux", "board", "6.1.0-18-amd64", "#1 SMP Debian 6.1.76-1", machine, ""];
  for (const [index, field] of fields.entries()) {
    buffer.set(
      [...field].map((character) => character.charCodeAt(0)),
      index * 65,
    );
  }
  return 0;
}

/** The fake, with system calls of the test's own. */
export function systemOver(fake: FakeKernel, syscall: System["syscall"]): System {
  return {
    machine: fake.machine,
    syscall,
    addressOf: (bytes) => fake.addressOf(bytes),
    map: (request) => fake.map(request),
    watch: (fd, onReadable) => fake.watch(fd, onReadable),
    closeInBackground: (fds) => fake.closeInBackground(fds),
    after: (milliseconds, callback) => fake.after(milliseconds, callback),
    now: () => fake.now(),
    log: (line) => {
      fake.log(line);
    },
  };
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}
