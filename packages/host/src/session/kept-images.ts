import { join } from "node:path";
import { readBuildId } from "../elf/build-id.js";
import { isStripped } from "../elf/code-symbols.js";
import { hasDebugData } from "../elf/debug-data.js";
import { readDebugLink } from "../elf/debug-link.js";
import { ElfReader } from "../elf/elf-reader.js";
import { ElfImage } from "../symbols/elf-image.js";
import { cacheFolder } from "./cache-folder.js";
import { type DebugFiles, type StrippedFile } from "./debug-files.js";
import { keepFile, readKeptFile } from "./kept-file.js";
import { type FileStatus, type RemoteFiles } from "./remote-files.js";

/** A program or library on a target. */
export interface MappedFile {
  /** Where it can be read. */
  readonly path: string;
  readonly status: FileStatus;
  /** What is "/" for who has mapped it, without a slash at the end. */
  readonly root: string;
  /** As who has mapped it calls it. */
  readonly mappedPath: string;
  /** What it must have, where that is known. */
  readonly buildId?: string | undefined;
}

/** Symbols that are kept on this machine. */
interface KeptImage {
  readonly image: ElfImage;
  /** They are only those that the dynamic linker needs. */
  readonly isStripped: boolean;
}

/**
 * The symbols of a program or library: as they are kept on this machine, or read and then kept. Of the file only its headers
 * and symbols cross the line. Undefined when it is not of the build that it must be. Throws ElfError and what reading throws.
 */
export async function readImage(
  files: RemoteFiles,
  file: MappedFile,
  debugFiles: DebugFiles,
): Promise<ElfImage | undefined> {
  const place = files.nameInCache(file.status);
  const known = place === undefined ? undefined : readKept(place);
  const isEnough = known !== undefined && (!known.isStripped || debugFiles.isEmpty);
  if (isEnough && file.buildId === undefined) return known.image;
  const elf = await openElf(files, file.path);
  const buildId = await readBuildId(elf);
  if (file.buildId !== undefined && buildId !== file.buildId) return undefined;
  const kept = buildId === "" ? undefined : readKept(`build-${buildId}`);
  if (kept !== undefined && (!kept.isStripped || (debugFiles.isEmpty && isStripped(elf)))) {
    keepName(place, nameOf(buildId, kept.isStripped));
    return kept.image;
  }
  const stripped = {
    buildId,
    path: file.mappedPath,
    link: isStripped(elf) ? await readDebugLink(elf) : undefined,
  };
  const { image, lacks } = await readSymbols(files, file, elf, stripped, debugFiles);
  const base = buildId === "" ? place : buildId;
  if (base === undefined) return image;
  const name = nameOf(base, lacks);
  keepFile(imagePath(name), image.encode());
  keepName(place, name);
  if (buildId !== "") keepName(`build-${buildId}`, name);
  return image;
}

/** The symbols of a file with this build id, if they are kept on this machine, or of its debug file. */
export async function readImageOf(
  buildId: string,
  mappedPath: string,
  debugFiles: DebugFiles,
): Promise<ElfImage | undefined> {
  const kept = readKept(`build-${buildId}`);
  if (kept === undefined || !kept.isStripped || debugFiles.isEmpty) return kept?.image;
  const file = { buildId, path: mappedPath, link: undefined };
  const whole = await debugFiles.use(file, async (debug) => await kept.image.withSymbolsOf(debug));
  if (whole === undefined) return kept.image;
  const name = nameOf(buildId, false);
  keepFile(imagePath(name), whole.encode());
  keepName(`build-${buildId}`, name);
  return whole;
}

async function readSymbols(
  files: RemoteFiles,
  { root }: MappedFile,
  elf: ElfReader,
  stripped: StrippedFile,
  debugFiles: DebugFiles,
): Promise<{ readonly image: ElfImage; readonly lacks: boolean }> {
  if (!isStripped(elf)) return { image: await ElfImage.read(elf), lacks: false };
  const found = await debugFiles.use(stripped, async (debug) => await ElfImage.read(elf, debug));
  if (found !== undefined) return { image: found, lacks: false };
  if (hasDebugData(elf)) return { image: await ElfImage.read(elf), lacks: false };
  // Several times as large as what the dynamic linker needs.
  const installed = files.isThrifty
    ? undefined
    : await useDebugFile(files, root, stripped.buildId, async (debug) =>
        isStripped(debug) ? undefined : await ElfImage.read(elf, debug),
      );
  return {
    image: installed ?? (await ElfImage.read(elf)),
    lacks: installed === undefined,
  };
}

export async function openElf(files: RemoteFiles, path: string): Promise<ElfReader> {
  return await ElfReader.open((offset, length) => files.readPart(path, offset, length));
}

/**
 * What `use` makes of the debug information of a file where distributions put it, on the target; undefined when it is not
 * there.
 */
export async function useDebugFile<T>(
  files: RemoteFiles,
  root: string,
  buildId: string,
  use: (debug: ElfReader, path: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  if (buildId === "") return undefined;
  const path = `${root}/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  if ((await files.status(path)) === undefined) return undefined;
  const debug = await openElf(files, path);
  return (await readBuildId(debug)) === buildId ? await use(debug, path) : undefined;
}

/** By its build id, which files on other targets have as well. Stripping leaves that as it was, but not the symbols. */
function nameOf(base: string, lacks: boolean): string {
  return lacks ? `${base}-stripped` : base;
}

/** What is kept of a file under its place on a target, or its build id, is only the name of its image. */
function readKept(place: string): KeptImage | undefined {
  const bytes = readKeptFile(namePath(place));
  const name = bytes === undefined ? "" : Buffer.from(bytes).toString();
  if (!/^[0-9a-f]+(-stripped)?$/.test(name)) return undefined;
  const content = readKeptFile(imagePath(name));
  const image = content === undefined ? undefined : ElfImage.decode(content);
  return image === undefined ? undefined : { image, isStripped: name.endsWith("-stripped") };
}

function keepName(place: string | undefined, name: string): void {
  if (place !== undefined) keepFile(namePath(place), name);
}

function namePath(place: string): string {
  return join(cacheFolder(), "programs", place);
}

function imagePath(name: string): string {
  return join(cacheFolder(), "symbols", name);
}
