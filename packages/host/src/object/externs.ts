import { type Btf } from "../btf/btf.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { type RelocatableFile } from "../elf/relocatable-file.js";
import { ObjectError } from "./object-error.js";

/** Something that an object uses and that the target's kernel has. */
export type ObjectExtern = KconfigExtern | KernelSymbolExtern;

/** A setting that the kernel was built with, which the object reads as a variable. */
export interface KconfigExtern {
  readonly kind: "kconfig";
  readonly name: string;
  /** Zero when the kernel has no such setting; else that is an error. */
  readonly isWeak: boolean;
  readonly type: KconfigType;
  readonly sizeBytes: number;
  /** Among the settings of the object. */
  readonly offset: number;
}

export type KconfigType =
  | { readonly kind: "boolean" | "character" | "tristate" | "text" }
  | { readonly kind: "integer"; readonly isSigned: boolean };

/** A symbol of the kernel's. */
export interface KernelSymbolExtern {
  readonly kind: "kernelSymbol";
  readonly name: string;
  /** Address 0, or a call that must not be reached, when the kernel has no such symbol; else that is an error. */
  readonly isWeak: boolean;
  /** Of what the object says it is; undefined for an address alone. A function's is its prototype. */
  readonly type: BtfTypeId | undefined;
  readonly isFunction: boolean;
}

/** The sections that tell in BTF what kind an extern is of (tools/lib/bpf/bpf_helpers.h: __kconfig, __ksym). */
export const kconfigSection = ".kconfig";
export const kernelSymbolSection = ".ksyms";

/** All symbols that the object uses and does not define. Throws ObjectError, BtfError. */
export function collectExterns(
  { symbols }: RelocatableFile,
  types: Btf | undefined,
): readonly ObjectExtern[] {
  const externs: ObjectExtern[] = [];
  const undefinedSymbols = symbols.filter(
    ({ section, type, binding }) =>
      section === 0 && type === "none" && (binding === "global" || binding === "weak"),
  );
  if (undefinedSymbols.length === 0) return [];
  const declarations = declaredExterns(types);
  for (const { name, binding } of undefinedSymbols) {
    const declaration = declarations.get(name);
    if (types === undefined || declaration === undefined) {
      throw new ObjectError(`extern ${name}: the object's BTF does not say what it is`);
    }
    const isWeak = binding === "weak";
    externs.push(readExtern(types, { name, isWeak, ...declaration }));
  }
  return placeSettings(externs);
}

interface Declaration {
  readonly section: string;
  readonly id: BtfTypeId;
}

/** Variables and functions that are declared extern, by name, with the section that they are of. */
function declaredExterns(types: Btf | undefined): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const section of [kconfigSection, kernelSymbolSection]) {
    const id = types?.find(section, "datasec");
    const datasec = id === undefined ? undefined : types?.type(id);
    if (datasec?.kind !== "datasec") continue;
    for (const variable of datasec.variables) {
      const type = types?.type(variable.type);
      const isExtern = (type?.kind === "var" || type?.kind === "func") && type.linkage === "extern";
      if (isExtern) found.set(type.name, { section, id: variable.type });
    }
  }
  return found;
}

function readExtern(
  types: Btf,
  extern: Declaration & { readonly name: string; readonly isWeak: boolean },
): ObjectExtern {
  const { name, isWeak, section, id } = extern;
  const type = types.type(id);
  if (section === kconfigSection) {
    if (type.kind !== "var") throw new ObjectError(`extern ${name}: a function as kernel setting`);
    const sizeBytes = types.sizeOf(type.type);
    return {
      kind: "kconfig",
      name,
      isWeak,
      type: settingType(types, name, type.type, sizeBytes),
      sizeBytes,
      offset: 0,
    };
  }
  if (type.kind === "func") {
    return { kind: "kernelSymbol", name, isWeak, type: type.prototype, isFunction: true };
  }
  if (type.kind !== "var") throw new ObjectError(`extern ${name}: it is a ${type.kind}`);
  const resolved = types.resolve(type.type);
  const isTyped = types.type(resolved).kind !== "void";
  return {
    kind: "kernelSymbol",
    name,
    isWeak,
    type: isTyped ? resolved : undefined,
    isFunction: false,
  };
}

/** What a setting is read as. `enum libbpf_tristate` is of tools/lib/bpf/bpf_helpers.h. */
function settingType(types: Btf, name: string, id: BtfTypeId, sizeBytes: number): KconfigType {
  const type = types.type(types.resolve(id));
  const known = (): KconfigType | undefined => {
    if (type.kind === "int") return integerType(type, sizeBytes);
    if (type.kind === "enum" && sizeBytes === 4 && type.name === "libbpf_tristate") {
      return { kind: "tristate" };
    }
    if (type.kind !== "array" || type.length === 0) return undefined;
    const element = types.type(types.resolve(type.element));
    const isText =
      element.kind === "int" && integerType(element, element.sizeBytes)?.kind === "character";
    return isText ? { kind: "text" } : undefined;
  };
  const found = known();
  if (found === undefined) {
    throw new ObjectError(`extern ${name}: no kernel setting is a ${types.formatTypeName(id)}`);
  }
  return found;
}

function integerType(
  type: Extract<BtfType, { readonly kind: "int" }>,
  sizeBytes: number,
): KconfigType | undefined {
  if (type.isBoolean) return sizeBytes === 1 ? { kind: "boolean" } : undefined;
  if (sizeBytes === 1) return { kind: "character" };
  if (![2, 4, 8].includes(sizeBytes)) return undefined;
  return { kind: "integer", isSigned: type.isSigned };
}

/** Gives each setting its place, as libbpf does: the most strictly aligned first, so that all are aligned, and of these the smallest. */
function placeSettings(externs: readonly ObjectExtern[]): readonly ObjectExtern[] {
  const settings = externs.filter((extern) => extern.kind === "kconfig").sort(byAlignment);
  let offset = 0;
  const placed = settings.map((extern) => {
    const alignment = alignmentOf(extern);
    const start = Math.ceil(offset / alignment) * alignment;
    offset = start + extern.sizeBytes;
    return { ...extern, offset: start };
  });
  return [...placed, ...externs.filter((extern) => extern.kind !== "kconfig")];
}

function byAlignment(left: KconfigExtern, right: KconfigExtern): number {
  const alignments = alignmentOf(right) - alignmentOf(left);
  if (alignments !== 0) return alignments;
  const sizes = left.sizeBytes - right.sizeBytes;
  return sizes !== 0 ? sizes : left.name < right.name ? -1 : 1;
}

function alignmentOf({ type, sizeBytes }: KconfigExtern): number {
  return type.kind === "text" ? 1 : sizeBytes;
}
