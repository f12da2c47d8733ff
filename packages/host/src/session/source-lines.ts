import { DwarfError } from "../dwarf/dwarf-error.js";
import { readLineRows } from "../dwarf/line-table.js";
import { readBuildId } from "../elf/build-id.js";
import { readDebugLink } from "../elf/debug-link.js";
import { type ElfReader } from "../elf/elf-reader.js";
import { codeParts } from "../symbols/loaded-parts.js";
import { SourceLines } from "../symbols/source-lines.js";
import { type DebugFiles } from "./debug-files.js";
import { readDebugSection } from "./debug-section.js";
import { TargetError } from "./errors.js";
import { type MappedFile, openElf, useDebugFile } from "./kept-images.js";
import { type RemoteFiles } from "./remote-files.js";

/**
 * The lines that the code of a program or library was made of: by a debug file on this machine; else by the file itself, or its
 * debug file on the target, if the line is not slow. Undefined when nobody says, or in a way that is not understood.
 */
export async function readSourceLines(
  files: RemoteFiles,
  { path, root, mappedPath }: MappedFile,
  debugFiles: DebugFiles,
): Promise<SourceLines | undefined> {
  const elf = await openElf(files, path);
  const buildId = await readBuildId(elf);
  const of = async (debug: ElfReader, name: string): Promise<SourceLines | undefined> =>
    await unlessUnknown(async () => await linesOf(elf, debug, name));
  const link = await readDebugLink(elf);
  const here = debugFiles.isEmpty
    ? undefined
    : await debugFiles.use({ buildId, path: mappedPath, link }, async (debug) =>
        of(debug, mappedPath),
      );
  if (here !== undefined || files.isThrifty) return here;
  return (await of(elf, path)) ?? (await useDebugFile(files, root, buildId, of));
}

async function linesOf(
  elf: ElfReader,
  debug: ElfReader,
  path: string,
): Promise<SourceLines | undefined> {
  const line = await readDebugSection(path, debug, ".debug_line");
  if (line.length === 0) return undefined;
  const { byteOrder } = debug.header;
  const lineStr = await readDebugSection(path, debug, ".debug_line_str");
  // Only of use to the few compilers that share their texts with those of types.
  const str = new Uint8Array(0);
  return new SourceLines(readLineRows({ byteOrder, line, lineStr, str }), codeParts(elf.segments));
}

/** An address is shown without its line then, as those of files without debug information are. */
async function unlessUnknown<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DwarfError || error instanceof TargetError) return undefined;
    throw error;
  }
}
