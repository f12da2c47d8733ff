import { type Btf, openBtf } from "../btf/btf.js";
import { BtfError } from "../btf/btf-error.js";
import { decodeExtInfo } from "../btf/ext-info.js";
import { ElfError } from "../elf/elf-error.js";
import {
  type LoadedSection,
  type RelocatableFile,
  readRelocatableFile,
} from "../elf/relocatable-file.js";
import { addReferences } from "./code-references.js";
import { collectFunctions } from "./collect-functions.js";
import { collectExterns } from "./externs.js";
import { readDataSections } from "./data-sections.js";
import { collectDataMaps } from "./global-data.js";
import { collectDeclaredMaps } from "./declared-maps.js";
import { ObjectError } from "./object-error.js";
import { type ObjectFile } from "./object-file.js";

const decoder = new TextDecoder();

/** Reads an object of BPF code, of whatever byte order. `name`: the file's, for messages. Throws ObjectError. */
export async function parseObject(bytes: Uint8Array, name: string): Promise<ObjectFile> {
  // Of a Buffer, `slice` would give a view and no copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readObject(await readRelocatableFile(plain), objectName(name));
  } catch (error) {
    const isOurs = error instanceof ElfError || error instanceof BtfError;
    if (!isOurs && !(error instanceof ObjectError)) throw error;
    const hint = error instanceof ObjectError ? error.hint : undefined;
    throw new ObjectError(`object ${name}: ${error.message}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function readObject(file: RelocatableFile, name: string): ObjectFile {
  refuseOldMaps(file);
  const types = readTypes(file);
  const extSection = sectionNamed(file, ".BTF.ext");
  const functions = collectFunctions(file);
  const dataSections = readDataSections(file, types);
  const declared = collectDeclaredMaps(file, types, dataSections, functions);
  const data = collectDataMaps(file, dataSections);
  const referred = {
    mapAt: (section: number, offset: number) =>
      declared.find((one) => one.section === section && one.offset === offset)?.map.name,
    isMaps: (section: number) => file.sections[section]?.name === ".maps",
    dataOf: (section: number) => data.find((one) => one.section === section)?.map.name,
  };
  return {
    name,
    byteOrder: file.byteOrder,
    license: readText(sectionNamed(file, "license")),
    types,
    info:
      types === undefined || extSection === undefined
        ? undefined
        : decodeExtInfo(extSection.bytes, types),
    functions: addReferences(file, functions, referred),
    maps: [...declared.map(({ map }) => map), ...data.map(({ map }) => map)],
    dataSections,
    externs: collectExterns(file, types),
  };
}

function readTypes(file: RelocatableFile): Btf | undefined {
  const section = sectionNamed(file, ".BTF");
  if (section === undefined) return undefined;
  const types = openBtf(section.bytes);
  if (types.byteOrder !== file.byteOrder)
    throw new ObjectError("its types are of another byte order");
  return types;
}

/** struct bpf_map_def, which libbpf 1.0 and clang's newer headers have no more. */
function refuseOldMaps(file: RelocatableFile): void {
  if (!file.sections.some(({ name }) => name === "maps" || name.startsWith("maps/"))) return;
  throw new ObjectError('its maps are in a section "maps", which says too little of them', {
    hint: 'define them in SEC(".maps"), as libbpf has demanded since 1.0',
  });
}

function sectionNamed(file: RelocatableFile, name: string): LoadedSection | undefined {
  return file.sections.find((section) => section.name === name && section.bytes.length > 0);
}

function readText(section: LoadedSection | undefined): string {
  if (section === undefined) return "";
  const end = section.bytes.indexOf(0);
  return decoder.decode(section.bytes.subarray(0, Math.min(end === -1 ? 63 : end, 63)));
}

/** "opensnoop" of "build/opensnoop.bpf.o". */
function objectName(path: string): string {
  const file = path.split(/[/\\]/).at(-1) ?? path;
  return file.split(".")[0] ?? file;
}
