import { cInteger } from "../c-integer.js";
import { type TypeName } from "../syntax/ast.js";
import { sizeInMemory } from "./check-memory.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, describeType, type AddressSpace, type IntegerType, type Type } from "./type.js";
import { typesFileHint } from "./types-file-hint.js";

/** The type that a name in the program means; reports those that are not known. */
export function resolveTypeName(
  probe: ProbeState,
  typeName: TypeName,
  space: AddressSpace,
  /** Of the value that is cast to it: says how long `[]` is. */
  valueBytes?: number,
): Type | undefined {
  const { pointerDepth, span } = typeName;
  // The last bracket of string[8] says how long it is, with its NUL.
  const [stringBytes] = typeName.name === "string" ? typeName.arrayLengths.slice(-1) : [];
  const arrayLengths =
    stringBytes === undefined ? typeName.arrayLengths : typeName.arrayLengths.slice(0, -1);
  let type: Type | "void" | undefined =
    stringBytes === undefined
      ? baseType(probe, typeName, space)
      : { kind: "string", capacityBytes: Number(stringBytes) };
  if (type === undefined) return undefined;
  for (let depth = 0; depth < pointerDepth; depth += 1) {
    type = { kind: "pointer", space, target: type === "void" ? undefined : type };
  }
  if (type === "void") return probe.error("type-mismatch", span, "void is no type of a value");
  for (const length of arrayLengths.toReversed()) {
    const elementSizeBytes = sizeInMemory(probe, type);
    const fitting = length ?? wholeElements(valueBytes, elementSizeBytes);
    if (elementSizeBytes === 0 || fitting === undefined || fitting > 65_536n) {
      const message = `how long this array of ${describeType(type)} is cannot be known`;
      return probe.error("type-mismatch", span, message);
    }
    type = { kind: "array", element: type, elementSizeBytes, length: Number(fitting) };
  }
  return type;
}

function wholeElements(
  valueBytes: number | undefined,
  elementSizeBytes: number,
): bigint | undefined {
  if (valueBytes === undefined || elementSizeBytes === 0) return undefined;
  return valueBytes % elementSizeBytes === 0 ? BigInt(valueBytes / elementSizeBytes) : undefined;
}

/** Without its stars and brackets. */
function baseType(
  probe: ProbeState,
  { name, typeOf, pointerDepth, span }: TypeName,
  space: AddressSpace,
): Type | "void" | undefined {
  if (typeOf !== undefined) {
    return "kind" in typeOf ? probe.check(typeOf)?.type : resolveTypeName(probe, typeOf, space);
  }
  if (name === "void") return "void";
  if (name === "bool") return boolean;
  if (name === "string") {
    const capacityBytes = probe.program.config.storedStringBytes;
    return { kind: "string", capacityBytes };
  }
  const { types, target } = probe.program;
  const integer = cInteger(name) ?? registerInteger(name, target.pointerSize);
  if (integer !== undefined && types.defined(name) === undefined) return integer;
  const description = types.describe(name);
  const type = description === undefined ? undefined : types.typeOf(description, space);
  if (type !== undefined) return type;
  // The kernel's own: where its types are not known, nothing can be read of one, but pointed to it can be.
  const isTagged = /^(?:struct|union) /.test(name);
  if (pointerDepth > 0 && (description !== undefined || (isTagged && !target.hasBtf))) {
    return "void";
  }
  const hints = target.hasBtf ? [] : [typesFileHint];
  return probe.error("unknown-name", span, `Cannot resolve unknown type "${name}"`, hints);
}

/** Integers as wide as the target's registers. */
function registerInteger(name: string, pointerSize: 4 | 8): IntegerType | undefined {
  const signed = ["long", "long int", "signed long", "ssize_t", "intptr_t", "off_t"];
  const unsigned = ["unsigned long", "unsigned long int", "size_t", "uintptr_t"];
  if (!signed.includes(name) && !unsigned.includes(name)) return undefined;
  return { kind: "integer", sizeBytes: pointerSize, isSigned: signed.includes(name) };
}
