import { demangle } from "../demangle/demangle.js";
import { type FoundSymbol } from "./code-symbol-table.js";
import { JitMap } from "./jit-map.js";
import { type Mapping, parseProcessMaps } from "./process-maps.js";
import { ProcessMemory } from "./process-memory.js";
import { type SourceLines, type SourcePlace } from "./source-lines.js";
import { type TaskRecord } from "./task-records.js";

/** An address of a process. */
export interface UserAddress {
  readonly pid: number;
  readonly address: bigint;
}

export interface UserSymbol {
  readonly name: string;
  readonly offset: bigint;
  /** The program or library, as the process calls it. */
  readonly file: string;
  /** What the code there was made of, where that is asked for and known. */
  readonly source?: SourcePlace;
}

/** Names for addresses of processes. */
export interface UserSymbolSource {
  /** Finds out about addresses; undefined when there is nothing to wait for. Throws what reading throws. */
  prepare(addresses: readonly UserAddress[]): Promise<void> | undefined;
  /** The symbol that an address lies in; undefined when in none, or when it has not been prepared. */
  resolve(address: bigint, pid: number): UserSymbol | undefined;
}

/** The symbols of a program or library. */
export interface CodeImage {
  /** Of what lies at an offset in the file. */
  resolve(fileOffset: bigint): FoundSymbol | undefined;
}

/** What of a target's processes is asked for. */
export interface ProcessReader {
  /** Resolves when all records of processes that the kernel has made until now were given to `record`. */
  catchUp?(): Promise<void>;
  /** /proc/PID/maps; undefined for a process that is gone, or is hidden. */
  readMaps(pid: number): Promise<string | undefined>;
  /** /tmp/perf-PID.map; undefined for a process that has written none. */
  readJitMap?(pid: number): Promise<string | undefined>;
  /** What a process has there; undefined for what has no symbols, or cannot be read. */
  openImage(pid: number, mapping: Mapping): Promise<CodeImage | undefined>;
  /** The same, for the lines that its code was made of. Lines are shown where there is this. */
  openLines?(pid: number, mapping: Mapping): Promise<SourceLines | undefined>;
}

/** No process has anything there (vm.mmap_min_addr): a stack that leads there has lost its way. */
const lowestAddress = 4096n;

/** Processes that have ended, of which it is remembered what they had mapped. */
const mostEnded = 50_000;
/** Processes that made each other. */
const mostGenerations = 16;

/**
 * Finds names by what processes have mapped: what the kernel has recorded of them, and for those that ran before, what is read
 * when an address of theirs comes first.
 */
export class UserSymbols implements UserSymbolSource {
  readonly #reader: ProcessReader;
  readonly #processes = new Map<number, ProcessMemory>();
  /** By imageName(). */
  readonly #images = new Map<string, CodeImage | undefined>();
  readonly #lines = new Map<string, SourceLines | undefined>();
  /** Names of C++ and Rust as people read them, by how compilers write them. */
  readonly #shownNames = new Map<string, string>();

  readonly #keepsMangledNames: boolean;

  constructor(reader: ProcessReader, options: { readonly keepsMangledNames?: boolean } = {}) {
    this.#reader = reader;
    this.#keepsMangledNames = options.keepsMangledNames === true;
  }

  /** What the kernel has recorded of processes, in about the order in which it was. */
  record(records: readonly TaskRecord[]): void {
    for (const record of records) {
      const process = this.#process(record.pid);
      switch (record.kind) {
        case "mapping":
          process.add(record.mapping, record.time);
          break;
        case "exec":
          process.startOver(record.time);
          break;
        case "fork":
          process.hasEnded = false;
          process.inherit(record.parent, this.#processes.get(record.parent));
          break;
        case "exit":
          process.hasEnded = true;
          this.#remember(record.pid);
      }
    }
  }

  /** The last of those that have ended, in order. */
  readonly #ended = new Set<number>();

  #remember(pid: number): void {
    this.#ended.delete(pid);
    this.#ended.add(pid);
    const [oldest] = this.#ended;
    if (this.#ended.size <= mostEnded || oldest === undefined) return;
    this.#ended.delete(oldest);
    if (this.#processes.get(oldest)?.hasEnded === true) this.#processes.delete(oldest);
  }

  #process(pid: number): ProcessMemory {
    const known = this.#processes.get(pid);
    if (known !== undefined) return known;
    const process = new ProcessMemory();
    this.#processes.set(pid, process);
    return process;
  }

  prepare(addresses: readonly UserAddress[]): Promise<void> | undefined {
    const lacking = addresses.filter(({ pid, address }) => this.#isLacking(pid, address));
    return lacking.length === 0 ? undefined : this.#prepare(lacking);
  }

  async #prepare(addresses: readonly UserAddress[]): Promise<void> {
    await this.#reader.catchUp?.();
    const byProcess = new Map<number, bigint[]>();
    for (const { pid, address } of addresses) {
      const known = byProcess.get(pid);
      if (known === undefined) byProcess.set(pid, [address]);
      else known.push(address);
    }
    await Promise.all(
      [...byProcess].map(async ([pid, unknown]) => {
        await this.#prepareProcess(pid, unknown);
      }),
    );
  }

  resolve(address: bigint, pid: number): UserSymbol | undefined {
    const process = this.#processes.get(pid);
    const mapping = process?.find(address);
    if (mapping === undefined) return undefined;
    if (isOwnCode(mapping)) {
      const own = process?.jitMap?.resolve(address);
      return own && { name: own.name, offset: BigInt(own.offset), file: `/tmp/perf-${pid}.map` };
    }
    const name = imageName(mapping);
    const fileOffset = address - mapping.start + mapping.fileOffset;
    const found = this.#images.get(name)?.resolve(fileOffset);
    if (found === undefined) return undefined;
    const source = this.#lines.get(name)?.find(fileOffset);
    return {
      ...{ name: this.#show(found.name), offset: BigInt(found.offset), file: mapping.path },
      ...(source === undefined ? {} : { source }),
    };
  }

  #show(name: string): string {
    if (this.#keepsMangledNames) return name;
    const known = this.#shownNames.get(name);
    if (known !== undefined) return known;
    const shown = demangle(name) ?? name;
    this.#shownNames.set(name, shown);
    return shown;
  }

  #isLacking(pid: number, address: bigint): boolean {
    if (pid === 0 || address < lowestAddress) return false;
    const process = this.#processes.get(pid);
    if (process === undefined) return true;
    const mapping = process.find(address);
    if (mapping === undefined) return process.isWorthReading(address);
    if (!isOwnCode(mapping)) return !this.#images.has(imageName(mapping));
    const isKnown = process.jitMap?.resolve(address) !== undefined;
    return !isKnown && this.#reader.readJitMap !== undefined && process.isWorthReading(address);
  }

  async #prepareProcess(pid: number, addresses: readonly bigint[]): Promise<void> {
    const process = this.#process(pid);
    const unmapped = addresses.filter((address) => process.find(address) === undefined);
    if (unmapped.length > 0) {
      const text = await this.#readMaps(pid, process);
      process.update(text === undefined ? undefined : parseProcessMaps(text), unmapped);
    }
    await this.#readJitMap(pid, process, addresses);
    const mappings = new Map<string, Mapping>();
    for (const address of addresses) {
      const mapping = process.find(address);
      if (mapping !== undefined && !isOwnCode(mapping)) mappings.set(imageName(mapping), mapping);
    }
    await Promise.all(
      [...mappings].map(async ([name, mapping]) => {
        if (this.#images.has(name)) return;
        const [image, lines] = await Promise.all([
          this.#reader.openImage(pid, mapping),
          this.#reader.openLines?.(pid, mapping),
        ]);
        this.#images.set(name, image);
        this.#lines.set(name, lines);
      }),
    );
  }

  async #readJitMap(
    pid: number,
    process: ProcessMemory,
    addresses: readonly bigint[],
  ): Promise<void> {
    const isUnknown = (address: bigint): boolean => {
      const mapping = process.find(address);
      return (
        mapping !== undefined &&
        isOwnCode(mapping) &&
        process.jitMap?.resolve(address) === undefined
      );
    };
    const unknown = addresses.filter(isUnknown);
    if (unknown.length === 0) return;
    const text = await this.#reader.readJitMap?.(pid);
    if (text !== undefined) process.jitMap = new JitMap(text);
    process.giveUp(unknown.filter(isUnknown));
  }

  /** Of a process that has ended before it was looked at: what its parent has mapped, as it did not run a program of its own. */
  async #readMaps(pid: number, process: ProcessMemory): Promise<string | undefined> {
    let reader = pid;
    let reading: ProcessMemory | undefined = process;
    for (let generation = 0; generation < mostGenerations; generation++) {
      const text = reading?.hasEnded === true ? undefined : await this.#reader.readMaps(reader);
      if (text !== undefined || reading?.parent === undefined) return text;
      reader = reading.parent;
      reading = this.#processes.get(reader);
    }
    return undefined;
  }
}

/** Memory of no file, which code was written to. */
function isOwnCode({ path }: Mapping): boolean {
  return path === "" || path.startsWith("[anon") || path.startsWith("/memfd:");
}

/** By mapping: they are asked for with each address. */
const imageNames = new WeakMap<Mapping, string>();

function imageName(mapping: Mapping): string {
  const known = imageNames.get(mapping);
  if (known !== undefined) return known;
  const name = createImageName(mapping);
  imageNames.set(mapping, name);
  return name;
}

/** A file is known by its build id, or by where it is, wherever it is mapped; what is no file by its name, and whether the process is of 32 bits. */
function createImageName({ device, inode, path, end, buildId }: Mapping): string {
  if (buildId !== undefined) return `${buildId} ${path}`;
  return inode === 0n ? `${path} ${end >> 32n === 0n}` : `${device} ${inode} ${path}`;
}
