import { type Btf } from "../btf/btf.js";
import { type BtfLinkage, type BtfTypeId } from "../btf/types.js";
import { type RelocatableFile } from "../elf/relocatable-file.js";
import { ObjectError } from "./object-error.js";

/** A section of variables (or of functions that are defined elsewhere) as the object's types have it, with what only the file knows. */
export interface DataSection {
  /** In the object's types. */
  readonly id: BtfTypeId;
  readonly name: string;
  /** 0: the file has no such section. */
  readonly sizeBytes: number;
  /** In the order of their places. */
  readonly variables: readonly PlacedVariable[];
}

export interface PlacedVariable {
  /** Of the variable itself in the object's types. */
  readonly id: BtfTypeId;
  readonly kind: "var" | "func";
  readonly name: string;
  /** What it is; of a function its prototype. */
  readonly type: BtfTypeId;
  readonly linkage: BtfLinkage;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Others must not see it, although its linkage is global. */
  readonly isHidden: boolean;
}

/**
 * The sections that the object's types know, by name. Static variables have their places there; those of global ones are in the
 * file's symbol table, as are the sections' sizes in its headers. Throws ObjectError, BtfError.
 */
export function readDataSections(
  file: RelocatableFile,
  types: Btf | undefined,
): ReadonlyMap<string, DataSection> {
  const sections = new Map<string, DataSection>();
  for (let id = 1; id < (types?.typeCount ?? 0); id++) {
    if (types?.index.kind(id) !== "datasec") continue;
    const section = readDataSection(file, types, id);
    if (!sections.has(section.name)) sections.set(section.name, section);
  }
  return sections;
}

function readDataSection(file: RelocatableFile, types: Btf, id: BtfTypeId): DataSection {
  const datasec = types.type(id);
  if (datasec.kind !== "datasec") throw new ObjectError(`type ${id} is no section`);
  const { name } = datasec;
  const section = file.sections.find((one) => one.name === name);
  const symbols = new Map(
    file.symbols
      .filter((one) => one.section === section?.index && one.binding !== "local")
      .map((symbol) => [symbol.name, symbol]),
  );
  const variables = datasec.variables.map((variable): PlacedVariable => {
    const type = types.type(variable.type);
    if (type.kind !== "var" && type.kind !== "func") {
      throw new ObjectError(`section ${name}: its types have a ${type.kind} in it`);
    }
    const symbol = type.linkage === "global" ? symbols.get(type.name) : undefined;
    return {
      id: variable.type,
      kind: type.kind,
      name: type.name,
      type: type.kind === "var" ? type.type : type.prototype,
      linkage: type.linkage,
      offset: symbol?.value ?? variable.offset,
      sizeBytes: variable.sizeBytes,
      isHidden: symbol?.visibility === "hidden" || symbol?.visibility === "internal",
    };
  });
  variables.sort((one, other) => one.offset - other.offset);
  return { id, name, sizeBytes: Number(section?.sizeBytes ?? 0n), variables };
}
