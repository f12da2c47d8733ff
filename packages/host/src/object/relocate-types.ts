import { MachineCode, slotSizeBytes } from "../asm/machine-code.js";
import { CoreRelocationError } from "../core-relocation/core-relocation-error.js";
import {
  CoreRelocator,
  type Relocated,
  type TargetTypes,
} from "../core-relocation/core-relocator.js";
import { relocationKinds } from "../core-relocation/relocation-kinds.js";
import { type FunctionTable } from "./function-table.js";
import { LackingError, ObjectError } from "./object-error.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";

/** One relocation of a function's instructions by the target's types. */
export interface TypeRelocation extends Relocated {
  /** The function's own slot. */
  readonly slot: number;
}

/** A function's instructions for one target, and what was done to them. */
export interface FittedFunction {
  readonly code: Uint8Array;
  readonly relocations: readonly TypeRelocation[];
}

/**
 * Fits the instructions of functions to the target's types, in the order in which the object lists them: each relocation may
 * narrow what the next ones of the same type can mean. Throws ObjectError.
 */
export function relocateTypes(
  file: ObjectFile,
  table: FunctionTable,
  wanted: ReadonlySet<ObjectFunction>,
  target: TargetTypes | undefined,
): ReadonlyMap<ObjectFunction, FittedFunction> {
  const fitted = new Map<ObjectFunction, { code: Uint8Array; relocations: TypeRelocation[] }>();
  for (const one of wanted) fitted.set(one, { code: one.code.slice(), relocations: [] });
  if (file.types === undefined || file.info === undefined) return fitted;
  const relocator =
    target === undefined ? undefined : new CoreRelocator(file.types, target, file.byteOrder);
  for (const [section, relocations] of file.info.relocations) {
    for (const relocation of relocations) {
      const owner = table.containing(section, relocation.offset);
      const parts = owner === undefined ? undefined : fitted.get(owner);
      // Of a function that others have replaced, or that is not wanted.
      if (owner === undefined || parts === undefined) continue;
      if (relocator === undefined) throw typesMissing(owner);
      const slot = relocation.offset / slotSizeBytes - owner.start;
      if (!Number.isInteger(slot)) {
        throw new ObjectError(`section ${section}: a relocation at byte ${relocation.offset}`);
      }
      const code = new MachineCode(parts.code, file.byteOrder);
      try {
        parts.relocations.push({ slot, ...relocator.relocate(code, slot, relocation) });
      } catch (error) {
        if (!(error instanceof CoreRelocationError)) throw error;
        throw new ObjectError(
          `function ${owner.name}: relocation of instruction ${slot}: ${error.message}`,
          { cause: error },
        );
      }
    }
  }
  return fitted;
}

/** Whether functions have instructions that depend on the target's types. */
export function needsTargetTypes(
  file: ObjectFile,
  table: FunctionTable,
  wanted: ReadonlySet<ObjectFunction>,
): boolean {
  for (const [section, relocations] of file.info?.relocations ?? []) {
    for (const { offset, kind } of relocations) {
      const owner = table.containing(section, offset);
      const isLocal = relocationKinds[kind] === "localTypeId";
      if (!isLocal && owner !== undefined && wanted.has(owner)) return true;
    }
  }
  return false;
}

function typesMissing({ name }: ObjectFunction): ObjectError {
  return new LackingError(
    `function ${name} depends on the kernel's types, and the target has none`,
    {
      hint: "give them with --btf or --vmlinux: docs/objects.md",
    },
  );
}
