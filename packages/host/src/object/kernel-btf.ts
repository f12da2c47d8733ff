import { encodeBtf } from "../btf/encode-btf.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { type FeatureName } from "../spec/target-description.js";
import { type DataSection } from "./data-sections.js";
import { type KconfigExtern, kconfigSection, kernelSymbolSection } from "./externs.js";
import { type ObjectFile } from "./object-file.js";
import { simplifyTypes } from "./simplify-types.js";

/** As the kernel has it for externs, which stand in BTF as variables of this size one after the other. */
const externSizeBytes = 4;

/**
 * The object's types as the target's kernel takes them: with the places of variables, what is hidden made static, externs made
 * variables, and kinds that the kernel does not know replaced. Every type keeps its id, and every string its place. Undefined when
 * the kernel takes none, or the object has none.
 */
export function kernelBtf(
  file: ObjectFile,
  features: readonly FeatureName[],
): Uint8Array | undefined {
  const { types, dataSections, functions } = file;
  if (types === undefined || !features.includes("program_btf")) return undefined;
  const draft = Array.from({ length: types.typeCount - 1 }, (_, at) => types.type(at + 1));
  const hidden = new Set(functions.filter(({ isHidden }) => isHidden).map(({ name }) => name));
  for (const [at, type] of draft.entries()) {
    if (type.kind === "func" && hidden.has(type.name)) draft[at] = { ...type, linkage: "static" };
  }
  for (const section of dataSections.values()) {
    if (section.name === kernelSymbolSection) declareSymbols(draft, section);
    else if (section.name === kconfigSection) placeSettings(draft, section, file);
    else placeVariables(draft, section);
  }
  return encodeBtf(simplifyTypes(draft, features), file.byteOrder, types.index.strings);
}

type Draft = BtfType[];

function placeVariables(draft: Draft, { id, name, sizeBytes, variables }: DataSection): void {
  replaceSection(draft, id, name, sizeBytes, variables);
  for (const variable of variables) {
    const type = draft[variable.id - 1];
    if (type?.kind === "var" && variable.isHidden) {
      draft[variable.id - 1] = { ...type, linkage: "static" };
    }
  }
}

function placeSettings(draft: Draft, section: DataSection, { externs }: ObjectFile): void {
  const settings = externs.filter((extern): extern is KconfigExtern => extern.kind === "kconfig");
  const variables = section.variables.flatMap(({ id, name }) => {
    const setting = settings.find((one) => one.name === name);
    const type = draft[id - 1];
    if (type?.kind !== "var" || setting === undefined) return [];
    draft[id - 1] = { ...type, linkage: "global" };
    return [{ id, offset: setting.offset, sizeBytes: setting.sizeBytes }];
  });
  variables.sort((one, other) => one.offset - other.offset);
  const sizeBytes = Math.max(0, ...variables.map((one) => one.offset + one.sizeBytes));
  replaceSection(draft, section.id, section.name, sizeBytes, variables);
}

/** The kernel knows no externs: each stands as a variable that takes the room of an int. */
function declareSymbols(draft: Draft, section: DataSection): void {
  const int = addType(draft, {
    kind: "int",
    name: "int",
    sizeBytes: externSizeBytes,
    isSigned: true,
    isCharacter: false,
    isBoolean: false,
    bits: externSizeBytes * 8,
    bitOffset: 0,
  });
  const standIn = addType(draft, { kind: "var", name: "dummy_ksym", type: int, linkage: "global" });
  const variables = section.variables.map(({ id }, at) => {
    const place = { offset: at * externSizeBytes, sizeBytes: externSizeBytes };
    const type = draft[id - 1];
    if (type?.kind === "func") {
      draft[id - 1] = { ...type, linkage: "global" };
      nameParameters(draft, type.prototype);
      return { id: standIn, ...place };
    }
    if (type?.kind === "var") draft[id - 1] = { ...type, type: int, linkage: "global" };
    return { id, ...place };
  });
  const sizeBytes = variables.length * externSizeBytes;
  replaceSection(draft, section.id, section.name, sizeBytes, variables);
}

/** A function that is not extern has to have names for its parameters. */
function nameParameters(draft: Draft, prototype: BtfTypeId): void {
  const type = draft[prototype - 1];
  if (type?.kind !== "func_proto") return;
  const parameters = type.parameters.map((one) =>
    one.name === "" ? { ...one, name: "dummy_ksym" } : one,
  );
  draft[prototype - 1] = { ...type, parameters };
}

function replaceSection(
  draft: Draft,
  id: BtfTypeId,
  name: string,
  sizeBytes: number,
  variables: readonly {
    readonly id: BtfTypeId;
    readonly offset: number;
    readonly sizeBytes: number;
  }[],
): void {
  draft[id - 1] = {
    kind: "datasec",
    name,
    sizeBytes,
    variables: variables.map((one) => ({
      type: one.id,
      offset: one.offset,
      sizeBytes: one.sizeBytes,
    })),
  };
}

/** Gives its id. */
function addType(draft: Draft, type: BtfType): BtfTypeId {
  return draft.push(type);
}
