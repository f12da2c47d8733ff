import { RemoteError, type HostPeer, type Result } from "@sonde/protocol";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.js";
import { keepFile, readKeptFile } from "./kept-file.js";
import { type TargetFiles } from "./target-files.js";

/** Bytes asked for at a time: large enough that a fast link is not waiting, small enough for a cancel to be prompt. */
const usualPieceBytes = 4 * 1024 * 1024;

export type FileStatus = NonNullable<Result<"file.stat">["file"]>;

/** Files of the target, as its agent's allow-list lets them be read. */
export class RemoteFiles implements TargetFiles {
  readonly #peer: HostPeer;
  /** Of the target's kernel: what is kept of a file holds until the next boot at most. */
  readonly #bootId: string;
  readonly #texts = new Map<string, Promise<string>>();

  readonly #pieceBytes: number;
  readonly #traffic: { bytes: number };

  /** `traffic`: where the bytes of files are counted. */
  constructor(
    peer: HostPeer,
    bootId: string,
    pieceBytes = usualPieceBytes,
    traffic: { bytes: number } = { bytes: 0 },
  ) {
    this.#peer = peer;
    this.#traffic = traffic;
    this.#bootId = bootId;
    this.#pieceBytes = pieceBytes;
  }

  /** Whether what can be done without should not cross the line: files come in small pieces. */
  get isThrifty(): boolean {
    return this.#pieceBytes < usualPieceBytes;
  }

  /** The whole file. Throws RemoteError "missing" or "forbidden". */
  async read(path: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let offset = 0n;
    for (;;) {
      const { data, isEnd } = await this.#peer.call("file.read", {
        path,
        offset,
        limitBytes: this.#pieceBytes,
      });
      pieces.push(data);
      this.#traffic.bytes += data.length;
      offset += BigInt(data.length);
      if (isEnd) return pieces.length === 1 ? data : Buffer.concat(pieces);
    }
  }

  /** The whole file, from this machine's cache while it is the same file there. Throws as `read` does. */
  async readKept(path: string): Promise<Uint8Array> {
    const file = await this.status(path);
    const name = file === undefined ? undefined : this.nameInCache(file);
    if (file === undefined || name === undefined) return await this.read(path);
    const keptPath = join(cacheFolder(), "files", name);
    const kept = readKeptFile(keptPath);
    if (kept?.length === Number(file.sizeBytes)) return kept;
    const bytes = await this.read(path);
    keepFile(keptPath, bytes);
    return bytes;
  }

  /** A part of a file; fewer bytes at its end. */
  async readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let done = 0;
    while (done < length) {
      const { data, isEnd } = await this.#peer.call("file.read", {
        path,
        offset: BigInt(offset + done),
        limitBytes: Math.min(length - done, this.#pieceBytes),
      });
      pieces.push(data);
      this.#traffic.bytes += data.length;
      done += data.length;
      if (isEnd) break;
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }

  /** A text file that does not change while we look, read once per session. */
  async text(path: string): Promise<string> {
    let text = this.#texts.get(path);
    if (text === undefined) {
      text = this.read(path).then((bytes) => Buffer.from(bytes).toString());
      this.#texts.set(path, text);
    }
    return await text;
  }

  /** Lines that match a pattern with * and ?: only they cross the line. */
  async lines(path: string, pattern: string): Promise<readonly string[]> {
    const { lines } = await this.#peer.call("file.lines", { path, pattern });
    return Buffer.from(lines)
      .toString()
      .split("\n")
      .filter((line) => line !== "");
  }

  /** A small text file as it is now; `undefined` when it is not there. */
  async textNow(path: string): Promise<string | undefined> {
    try {
      return Buffer.from(await this.read(path)).toString();
    } catch (error) {
      if (error instanceof RemoteError && error.code === "missing") return undefined;
      throw error;
    }
  }

  /** Names in a directory, sorted. */
  async list(path: string): Promise<readonly string[]> {
    return (await this.#peer.call("file.list", { path })).names;
  }

  /** The path with its links followed; `undefined` when there is no such file. */
  async resolve(path: string): Promise<string | undefined> {
    return (await this.status(path))?.path;
  }

  async inode(path: string): Promise<bigint | undefined> {
    return (await this.status(path))?.inode;
  }

  /** `undefined` when there is no such file. */
  async status(path: string): Promise<FileStatus | undefined> {
    return (await this.#peer.call("file.stat", { path })).file ?? undefined;
  }

  /** A name for what is kept of a file as it is now; `undefined` where boots cannot be told from each other. */
  nameInCache({ path, sizeBytes, modified, device, inode }: FileStatus): string | undefined {
    if (this.#bootId === "") return undefined;
    const parts = [this.#bootId, path, sizeBytes, modified, device, inode].map(String);
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  }
}
