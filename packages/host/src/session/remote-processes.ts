import { RemoteError, type HostPeer } from "@sonde/protocol";
import { ElfError } from "../elf/elf-error.js";
import { ElfReader } from "../elf/elf-reader.js";
import { ElfImage } from "../symbols/elf-image.js";
import { type Mapping } from "../symbols/process-maps.js";
import { type SourceLines } from "../symbols/source-lines.js";
import { type CodeImage, type ProcessReader } from "../symbols/user-symbols.js";
import { type DebugFiles } from "./debug-files.js";
import { type MappedFile, readImage, readImageOf } from "./kept-images.js";
import { type FileStatus, type RemoteFiles } from "./remote-files.js";
import { readSourceLines } from "./source-lines.js";

/** What a target's processes have mapped. What cannot be read has no names; why is said once. */
export class RemoteProcesses implements ProcessReader {
  readonly #peer: HostPeer;
  readonly #methods: readonly string[];
  readonly #files: RemoteFiles;
  readonly #debugFiles: DebugFiles;
  readonly #warn: (text: string) => void;
  #hasWarned = false;

  /** `methods`: those that the agent knows. */
  constructor(
    peer: HostPeer,
    methods: readonly string[],
    files: RemoteFiles,
    debugFiles: DebugFiles,
    onWarning: (text: string) => void,
  ) {
    this.#peer = peer;
    this.#methods = methods;
    this.#files = files;
    this.#debugFiles = debugFiles;
    this.#warn = onWarning;
  }

  async readMaps(pid: number): Promise<string | undefined> {
    return await this.#unlessRefused(() => this.#files.textNow(`/proc/${pid}/maps`));
  }

  async openImage(pid: number, mapping: Mapping): Promise<CodeImage | undefined> {
    if (mapping.path === "[vdso]") return await this.#openVdso(mapping);
    if (!mapping.path.startsWith("/")) return undefined;
    const kept =
      mapping.buildId === undefined
        ? undefined
        : await readImageOf(mapping.buildId, mapping.path, this.#debugFiles);
    if (kept !== undefined) return kept;
    return await this.#useFile(
      pid,
      mapping,
      async (file) => await readImage(this.#files, file, this.#debugFiles),
    );
  }

  async openLines(pid: number, mapping: Mapping): Promise<SourceLines | undefined> {
    if (!mapping.path.startsWith("/")) return undefined;
    return await this.#useFile(
      pid,
      mapping,
      async (file) => await readSourceLines(this.#files, file, this.#debugFiles),
    );
  }

  /** What `use` makes of a mapped file at the first of its places where it makes anything. */
  async #useFile<T>(
    pid: number,
    mapping: Mapping,
    use: (file: MappedFile) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (const { root, path } of placesOf(pid, mapping)) {
      const made = await this.#unlessRefused(async () => {
        const status = await this.#files.status(path);
        // What we see under the same name may be another file.
        if (status === undefined || (root === "" && isOther(status, mapping))) return undefined;
        const { buildId, path: mappedPath } = mapping;
        return await use({ path, status, root, mappedPath, buildId });
      });
      if (made !== undefined) return made;
    }
    return undefined;
  }

  /** The text of /tmp/perf-PID.map, as the process sees it or we do; undefined when there is none. */
  async readJitMap(pid: number): Promise<string | undefined> {
    const status = await this.#unlessRefused(() => this.#files.textNow(`/proc/${pid}/status`));
    // Its number where it runs, which may be a container.
    const inner = /^NSpid:.*\s(\d+)$/m.exec(status ?? "")?.[1] ?? String(pid);
    for (const path of [`/proc/${pid}/root/tmp/perf-${inner}.map`, `/tmp/perf-${pid}.map`]) {
      const text = await this.#unlessRefused(() => this.#files.textNow(path));
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** The agent's own, which is that of all processes of its word size; others' frames there have no names. */
  async #openVdso({ end }: Mapping): Promise<CodeImage | undefined> {
    if (!this.#methods.includes("vdso.read")) return undefined;
    return await this.#unlessRefused(async () => {
      const { image } = await this.#peer.call("vdso.read", {});
      const elf = await ElfReader.open((offset, length) =>
        Promise.resolve(image.subarray(offset, offset + length)),
      );
      const wordBits = end > furthest32Bit ? 64 : 32;
      return elf.header.wordBits === wordBits ? await ElfImage.read(elf) : undefined;
    });
  }

  async #unlessRefused<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ElfError) return undefined;
      if (!(error instanceof RemoteError)) throw error;
      const { errno, hint } = error.details;
      if (errno !== undefined && denials.has(errno) && !this.#hasWarned) {
        this.#hasWarned = true;
        const advice = hint === undefined ? "" : ` (${hint})`;
        this.#warn(`some addresses of processes have no names: ${error.message}${advice}`);
      }
      return undefined;
    }
  }
}

/** The build id says more, where it is known. */
function isOther(status: FileStatus, { inode, buildId }: Mapping): boolean {
  return buildId === undefined && status.inode !== inode;
}

/** Memory of 32-bit processes ends here. */
const furthest32Bit = 0x1_0000_0000n;

/** EPERM and EACCES, on every architecture. */
const denials: ReadonlySet<number> = new Set([1, 13]);

type Place = Pick<MappedFile, "root" | "path">;

/**
 * Where a mapped file may be: as its process sees the file system, which may be another than ours. When the process has ended
 * meanwhile, as we see it. A file that was deleted can be reached where it is mapped, with some privileges.
 */
function placesOf(pid: number, { path, isDeleted, start, end }: Mapping): readonly Place[] {
  const root = `/proc/${pid}/root`;
  return isDeleted
    ? [{ root, path: `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}` }]
    : [
        { root, path: root + path },
        { root: "", path },
      ];
}
