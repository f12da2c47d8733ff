import { cInteger } from "../c-integer.js";
import { type TypeName } from "../syntax/ast.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, type AddressSpace, type Type } from "./type.js";

/** The type that a name in the program means; reports those that are not known. */
export function resolveTypeName(
  probe: ProbeState,
  typeName: TypeName,
  space: AddressSpace,
): Type | undefined {
  const { name, pointerDepth, arrayLength, span } = typeName;
  if (arrayLength !== undefined) return probe.notSupported(span, "array types are");
  const { pointerSize } = probe.program.target;
  const integer = cInteger(name) ?? targetInteger(name, pointerSize);
  if (pointerDepth > 0) {
    if (pointerDepth > 1) {
      const sizeBytes = pointerSize;
      return { kind: "pointer", space, target: { kind: "integer", sizeBytes, isSigned: false } };
    }
    if (integer === undefined && !/^(?:struct|union|enum) |^void$|_t$/.test(name)) {
      return probe.error("unknown-name", span, `unknown type ${name}`);
    }
    return { kind: "pointer", space, target: integer };
  }
  if (name === "bool") return boolean;
  if (integer !== undefined) return integer;
  if (name === "string") {
    const capacityBytes = probe.program.config.storedStringBytes;
    return { kind: "string", capacityBytes };
  }
  if (/^(?:struct|union|enum) /.test(name)) return probe.notSupported(span, `${name} is`);
  return probe.error("unknown-name", span, `unknown type ${name}`);
}

/** Integers as wide as the target's registers. */
function targetInteger(name: string, pointerSize: 4 | 8): (Type & { kind: "integer" }) | undefined {
  const signed = ["long", "long int", "signed long", "ssize_t", "intptr_t", "off_t"];
  const unsigned = ["unsigned long", "unsigned long int", "size_t", "uintptr_t"];
  if (!signed.includes(name) && !unsigned.includes(name)) return undefined;
  return { kind: "integer", sizeBytes: pointerSize, isSigned: signed.includes(name) };
}
