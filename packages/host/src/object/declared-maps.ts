import { type Btf } from "../btf/btf.js";
import { type LoadedSection, type RelocatableFile } from "../elf/relocatable-file.js";
import { readMapDefinition } from "./map-definition.js";
import { type DataSection } from "./data-sections.js";
import { ObjectError } from "./object-error.js";
import { type DeclaredMap, type ObjectFunction } from "./object-file.js";

/** A map, and where in the file it is defined. */
export interface PlacedMap {
  readonly map: DeclaredMap;
  readonly section: number;
  readonly offset: number;
}

/** Of a list of values from the start. */
const pointerSizeBytes = 8;

/** The maps of .maps, by the object's types. Throws ObjectError, BtfError. */
export function collectDeclaredMaps(
  file: RelocatableFile,
  types: Btf | undefined,
  dataSections: ReadonlyMap<string, DataSection>,
  functions: readonly ObjectFunction[],
): readonly PlacedMap[] {
  const section = file.sections.find(({ name }) => name === ".maps");
  if (section === undefined || section.sizeBytes === 0n) return [];
  const described = dataSections.get(section.name);
  if (types === undefined || described === undefined) {
    throw new ObjectError("its BTF does not say what maps there are", {
      hint: "compile it with clang -g: maps are defined by their types",
    });
  }
  const placed = described.variables.map((variable) => {
    const { name, linkage, offset, sizeBytes } = variable;
    if (name === "" || variable.kind !== "var") throw new ObjectError("a map that is no variable");
    if (linkage === "static") throw new ObjectError(`map ${name}: it is static`);
    const definition = readMapDefinition(types, name, variable.type);
    const map = { kind: "declared", name, definition, slots: new Map() } as const;
    return { map, section: section.index, offset, sizeBytes };
  });
  return addSlots(file, section, placed, functions);
}

/** What maps of maps and of programs hold from the start: relocations of .maps. */
function addSlots(
  file: RelocatableFile,
  section: LoadedSection,
  placed: readonly (PlacedMap & { readonly sizeBytes: number })[],
  functions: readonly ObjectFunction[],
): readonly PlacedMap[] {
  const slots = new Map<string, Map<number, string>>();
  for (const { offset, symbol } of file.relocations.get(section.index) ?? []) {
    const owner = placed.find((one) => offset >= one.offset && offset < one.offset + one.sizeBytes);
    const start = owner?.map.definition.valuesOffset;
    if (owner === undefined || start === undefined) {
      throw new ObjectError(`section .maps: a relocation at byte ${offset}, where no value is`);
    }
    const { map } = owner;
    const slot = (offset - owner.offset - start) / pointerSizeBytes;
    if (slot < 0 || !Number.isInteger(slot)) {
      throw new ObjectError(`map ${map.name}: a value between others`);
    }
    const isProgram = map.definition.type === "prog_array";
    const isThere = isProgram
      ? functions.some((one) => one.isProgram && one.name === symbol.name)
      : placed.some((one) => one.map.name === symbol.name);
    if (!isThere) {
      const kind = isProgram ? "program" : "map";
      throw new ObjectError(
        `map ${map.name}: its value ${slot}, ${symbol.name}, is no ${kind} of the object`,
      );
    }
    const own = slots.get(map.name) ?? new Map<number, string>();
    slots.set(map.name, own.set(slot, symbol.name));
  }
  return placed.map(({ map, ...place }) => ({
    ...place,
    map: { ...map, slots: slots.get(map.name) ?? map.slots },
  }));
}
