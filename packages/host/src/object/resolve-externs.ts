import { areTypesCompatible } from "../core-relocation/compatible-types.js";
import { type TargetTypes } from "../core-relocation/core-relocator.js";
import { essentialName } from "../btf/essential-name.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfTypeId } from "../btf/types.js";
import { type KernelSymbolExtern } from "./externs.js";
import { LackingError, ObjectError } from "./object-error.js";
import { type ObjectFile } from "./object-file.js";

/** What an extern is on one target. */
export type ResolvedExtern =
  /** Within the settings, which are a map of their own. */
  | { readonly kind: "setting"; readonly offset: number }
  | { readonly kind: "address"; readonly address: bigint }
  /** A variable or function by its id in the kernel's types, or in a module's. */
  | { readonly kind: "type"; readonly id: BtfTypeId; readonly module: string | undefined }
  | { readonly kind: "absent" };

/** What the target's kernel has. */
export interface KernelKnowledge {
  readonly types: TargetTypes | undefined;
  /** Where a symbol without a type is; undefined when there is none. */
  addressOf(name: string): bigint | undefined;
}

/** Finds the externs that are used. Throws ObjectError for one that is lacking and not weak, or is something else. */
export function resolveExterns(
  file: ObjectFile,
  used: ReadonlySet<string>,
  kernel: KernelKnowledge,
): ReadonlyMap<string, ResolvedExtern> {
  const resolved = new Map<string, ResolvedExtern>();
  for (const extern of file.externs) {
    if (!used.has(extern.name)) continue;
    if (extern.kind === "kconfig") {
      resolved.set(extern.name, { kind: "setting", offset: extern.offset });
      continue;
    }
    const found =
      extern.isFunction || extern.type !== undefined
        ? findByType(file, extern, kernel.types)
        : findByAddress(extern, kernel);
    if (found === undefined && !extern.isWeak) {
      throw new LackingError(
        `extern ${extern.name}: the target's kernel has no such ${nounOf(extern)}`,
      );
    }
    resolved.set(extern.name, found ?? { kind: "absent" });
  }
  return resolved;
}

function findByAddress(
  { name }: KernelSymbolExtern,
  kernel: KernelKnowledge,
): ResolvedExtern | undefined {
  const address = kernel.addressOf(name);
  return address === undefined ? undefined : { kind: "address", address };
}

function findByType(
  file: ObjectFile,
  extern: KernelSymbolExtern,
  types: TargetTypes | undefined,
): ResolvedExtern | undefined {
  if (types === undefined) {
    if (extern.isWeak) return undefined;
    throw new LackingError(`extern ${extern.name}: the target has no types to find it by`, {
      hint: "give them with --btf or --vmlinux: docs/objects.md",
    });
  }
  const sources = [
    { types: types.kernel, module: undefined },
    ...types.modules.map((module) => ({ types: module.types, module: module.name })),
  ];
  for (const source of sources) {
    const id = source.types.candidates(essentialName(extern.name), [
      extern.isFunction ? "func" : "var",
    ])[0];
    if (id === undefined) continue;
    requireSameType(file, extern, source.types, id);
    return { kind: "type", id, module: source.module };
  }
  return undefined;
}

function requireSameType(
  file: ObjectFile,
  extern: KernelSymbolExtern,
  types: TypeReader,
  id: BtfTypeId,
): void {
  const found = types.type(id);
  const foundType = found.kind === "func" ? found.prototype : found.kind === "var" ? found.type : 0;
  const isSame =
    file.types !== undefined &&
    extern.type !== undefined &&
    areTypesCompatible(
      { types: file.types, id: extern.type },
      // A prototype is compared as it stands, a variable without const and the like.
      { types, id: extern.isFunction ? foundType : types.resolve(foundType) },
    );
  if (isSame) return;
  const what = types.formatTypeName(foundType);
  throw new ObjectError(
    `extern ${extern.name}: the target's is another ${nounOf(extern)}, "${what}"`,
  );
}

function nounOf({ isFunction, type }: KernelSymbolExtern): string {
  if (isFunction) return "function";
  return type === undefined ? "symbol" : "variable";
}
