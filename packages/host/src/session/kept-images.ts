import { join } from "node:path";
import { readBuildId } from "../elf/build-id.js";
import { codeSymbolTable, isStripped } from "../elf/code-symbols.js";
import { ElfReader } from "../elf/elf-reader.js";
import { ElfImage } from "../symbols/elf-image.js";
import { cacheFolder } from "./cache-folder.js";
import { keepFile, readKeptFile } from "./kept-file.js";
import { type FileStatus, type RemoteFiles } from "./remote-files.js";

/** A program or library on a target. */
export interface MappedFile {
  /** Where it can be read. */
  readonly path: string;
  readonly status: FileStatus;
  /** What is "/" for who has mapped it, without a slash at the end. */
  readonly root: string;
}

/**
 * The symbols of a program or library: as they are kept on this machine, or read and then kept. Of the file only its headers
 * and symbols cross the line. Throws ElfError and what reading throws.
 */
export async function readImage(
  files: RemoteFiles,
  file: MappedFile,
  /** What the file must have, when that is known; the result is undefined when it has not. */
  wantedBuildId?: string,
): Promise<ElfImage | undefined> {
  const place = files.nameInCache(file.status);
  const name = place === undefined ? undefined : readImageName(place);
  const known = name === undefined ? undefined : readKeptImage(name);
  if (known !== undefined && wantedBuildId === undefined) return known;
  const elf = await openElf(files, file.path);
  const buildId = await readBuildId(elf);
  if (wantedBuildId !== undefined && buildId !== wantedBuildId) return undefined;
  const debug = isStripped(elf) ? await openDebugFile(files, file.root, buildId) : undefined;
  const ownName = nameOf(buildId, debug ?? elf) ?? place;
  const kept = ownName === undefined ? undefined : readKeptImage(ownName);
  const image = kept ?? (await ElfImage.read(elf, debug));
  if (ownName === undefined) return image;
  if (kept === undefined) keepFile(imagePath(ownName), image.encode());
  if (place !== undefined) keepFile(namePath(place), ownName);
  if (buildId !== "") keepFile(namePath(`build-${buildId}`), ownName);
  return image;
}

/** The symbols of a file with this build id, if they are kept on this machine. */
export function readImageOf(buildId: string): ElfImage | undefined {
  const name = readImageName(`build-${buildId}`);
  return name === undefined ? undefined : readKeptImage(name);
}

async function openElf(files: RemoteFiles, path: string): Promise<ElfReader> {
  return await ElfReader.open((offset, length) => files.readPart(path, offset, length));
}

/** Where distributions put the symbols of a stripped file; undefined when they are not there. */
async function openDebugFile(
  files: RemoteFiles,
  root: string,
  buildId: string,
): Promise<ElfReader | undefined> {
  if (buildId === "") return undefined;
  const path = `${root}/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  if ((await files.status(path)) === undefined) return undefined;
  const debug = await openElf(files, path);
  const isOther = isStripped(debug) || (await readBuildId(debug)) !== buildId;
  return isOther ? undefined : debug;
}

/** By its build id, which files on other targets have as well. Stripping leaves that as it was, but not the symbols. */
function nameOf(buildId: string, elf: ElfReader): string | undefined {
  return buildId === "" ? undefined : `${buildId}-${codeSymbolTable(elf)?.sizeBytes ?? 0}`;
}

/** What is kept of a file under its place on a target is only the name of its image. */
function readImageName(place: string): string | undefined {
  const bytes = readKeptFile(namePath(place));
  const name = bytes === undefined ? "" : Buffer.from(bytes).toString();
  return /^[0-9a-f]+(-\d+)?$/.test(name) ? name : undefined;
}

function readKeptImage(name: string): ElfImage | undefined {
  const bytes = readKeptFile(imagePath(name));
  return bytes === undefined ? undefined : ElfImage.decode(bytes);
}

function namePath(place: string): string {
  return join(cacheFolder(), "programs", place);
}

function imagePath(name: string): string {
  return join(cacheFolder(), "symbols", name);
}
