import { encodeUtf8, joinBytes } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { ForbiddenError, MissingError, SyscallError } from "../kernel/errors.js";
import {
  type FileStatus,
  listOpenDirectory,
  openFile,
  readAt,
  readLink,
  statFd,
} from "../kernel/files.js";
import { type OwnedFd } from "../kernel/owned-fd.js";
import { S_IFDIR, S_IFREG } from "../kernel/uapi.js";
import { LineFilter } from "../questions/line-filter.js";
import { readLines } from "../questions/line-reader.js";
import { type Pacer } from "../resources/pacer.js";
import { FileRules } from "./file-rules.js";

/** Read in one go, before others get a turn. */
const pieceSizeBytes = 262_144;

/** Of lines that match a pattern. */
const lineLimitBytes = 4_194_304;

/** ELFMAG (include/uapi/linux/elf.h), and the smallest header, Elf32_Ehdr. */
const elfMagic = [0x7f, 0x45, 0x4c, 0x46];
const smallestElfSizeBytes = 52n;

/** A file that was found, and no more than found: its contents cannot be reached through the descriptor (O_PATH). */
interface FoundFile extends Disposable {
  readonly path: string;
  readonly status: FileStatus;
  readonly place: OwnedFd;
}

/** Files of this machine, as far as a host may see them. */
export class FileAccess {
  readonly #target: Target;
  readonly #showsEverything: boolean;

  /** `everything`: every file may be read, as far as the kernel lets the agent. */
  constructor(target: Target, { everything }: { readonly everything: boolean }) {
    this.#target = target;
    this.#showsEverything = everything;
  }

  /** Throws MissingError, ForbiddenError, SyscallError, CancelledError. */
  async read(
    requestedPath: string,
    offset: bigint,
    limitBytes: number,
    pacer: Pacer,
  ): Promise<{ data: Uint8Array; isEnd: boolean }> {
    const { kernel } = this.#target;
    using file = this.#openReadable(requestedPath);
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    while (sizeBytes < limitBytes) {
      const piece = new Uint8Array(Math.min(pieceSizeBytes, limitBytes - sizeBytes));
      const at = offset + BigInt(sizeBytes);
      const length = this.#whileThere(requestedPath, () =>
        readAt(kernel, requestedPath, file.fd, at, piece),
      );
      pieces.push(piece.subarray(0, length));
      sizeBytes += length;
      if (length < piece.length) return { data: join(pieces, sizeBytes), isEnd: true };
      await pacer.pause();
    }
    return { data: join(pieces, sizeBytes), isEnd: false };
  }

  /** The lines that match a pattern, each with a newline. Throws as `read` does, and LimitError. */
  async lines(requestedPath: string, pattern: string, pacer: Pacer): Promise<Uint8Array> {
    const { kernel } = this.#target;
    using file = this.#openReadable(requestedPath);
    const filter = new LineFilter(encodeUtf8(pattern), lineLimitBytes);
    await readLines(kernel, { path: requestedPath, fd: file }, filter, () => pacer.pause());
    return filter.takeLines();
  }

  /** Names, sorted. Throws MissingError, ForbiddenError, SyscallError. */
  list(requestedPath: string): string[] {
    const { kernel } = this.#target;
    using found = this.#find(requestedPath);
    if (!this.#rules.mayList(found.path)) throw forbidden("list", requestedPath);
    if (found.status.type !== S_IFDIR) {
      throw new MissingError(`list ${requestedPath}: it is no directory`);
    }
    using directory = this.#reopen(found, kernel.openFlags.O_DIRECTORY);
    return listOpenDirectory(kernel, requestedPath, directory.fd);
  }

  /** `null` when there is none. Throws ForbiddenError, SyscallError. */
  stat(requestedPath: string): (FileStatus & { path: string }) | null {
    try {
      using found = this.#find(requestedPath);
      if (!this.#mayKnow(requestedPath, found)) throw forbidden("stat", requestedPath);
      return { ...found.status, path: found.path };
    } catch (error) {
      if (error instanceof MissingError) return null;
      throw error;
    }
  }

  get #rules(): FileRules {
    return new FileRules(this.#target.tracefs);
  }

  #mayKnow(requestedPath: string, found: FoundFile): boolean {
    const rules = this.#rules;
    if (rules.mayRead(found.path) || rules.mayList(found.path)) return true;
    if (found.status.type === S_IFDIR) return rules.mayFollow(requestedPath);
    const file = this.#openElf(found);
    file?.close();
    return file !== undefined;
  }

  #openReadable(requestedPath: string): OwnedFd {
    using found = this.#find(requestedPath);
    if (found.status.type === S_IFDIR) throw forbidden("read", requestedPath);
    const mayRead = this.#showsEverything || this.#rules.mayRead(found.path);
    if (mayRead) return this.#reopen(found, this.#target.kernel.openFlags.O_NONBLOCK);
    const file = this.#openElf(found);
    if (file === undefined) throw forbidden("read", requestedPath);
    return file;
  }

  /**
   * Any ELF file may be read: uprobes go into any program. Only a regular file, by what its first bytes say when it is
   * open; what lies in procfs and sysfs is not even opened, because reading can have effects there.
   */
  #openElf(found: FoundFile): OwnedFd | undefined {
    const { path, status } = found;
    const mayBe =
      status.type === S_IFREG &&
      status.sizeBytes >= smallestElfSizeBytes &&
      this.#rules.mayBeElf(path);
    if (!mayBe) return undefined;
    const file = this.#reopen(found, this.#target.kernel.openFlags.O_NONBLOCK);
    const magic = new Uint8Array(elfMagic.length);
    readAt(this.#target.kernel, path, file.fd, 0n, magic);
    if (elfMagic.every((byte, index) => magic[index] === byte)) return file;
    file.close();
    return undefined;
  }

  /** Follows every link, and says where that led: /proc/self/fd knows the path of what is really open. */
  #find(requestedPath: string): FoundFile {
    const { kernel } = this.#target;
    const place = this.#openPlace(requestedPath);
    try {
      const path = readLink(kernel, `/proc/self/fd/${place.fd}`);
      const status = statFd(kernel, requestedPath, place.fd);
      const dispose = (): void => {
        place.close();
      };
      return { path, status, place, [Symbol.dispose]: dispose };
    } catch (error) {
      place.close();
      throw error;
    }
  }

  #openPlace(path: string): OwnedFd {
    const { kernel } = this.#target;
    return this.#whileThere(path, () => openFile(kernel, path, kernel.openFlags.O_PATH));
  }

  /** The very file that was found, whatever its path has become since. */
  #reopen({ path, place }: FoundFile, flags: number): OwnedFd {
    const { kernel } = this.#target;
    return this.#whileThere(path, () => openFile(kernel, `/proc/self/fd/${place.fd}`, flags));
  }

  /** Files in /proc go with their process, also between two calls: throws MissingError then. */
  #whileThere<Result>(path: string, use: () => Result): Result {
    try {
      return use();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const { ENOENT, ENOTDIR, ESRCH } = this.#target.kernel.errno;
      if (![ENOENT, ENOTDIR, ESRCH].includes(error.errno)) throw error;
      throw new MissingError(`${path} is not there`, { cause: error });
    }
  }
}

function forbidden(verb: string, path: string): ForbiddenError {
  return new ForbiddenError(`${verb} ${path}: not among the files that an agent shows`);
}

function join(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : joinBytes(pieces, sizeBytes);
}
