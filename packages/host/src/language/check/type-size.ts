import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { isBuiltin } from "./check-builtin.js";
import { requireMember } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { integerConstant } from "./constant.js";
import { headerConstant } from "./header-constants.js";
import { type ProbeState } from "./probe-state.js";
import { resolveTypeName } from "./type-name.js";
import { describeType, type Type } from "./type.js";
import { sizeOfValue, valueTypeOf } from "./value-layout.js";

/** What `sizeof` says of a type: pointers and structures are as large as in the target's memory. */
export function sizeOfType(probe: ProbeState, type: Type): number {
  if (type.kind === "pointer") return probe.program.target.pointerSize;
  // A value of an enumeration is a number of 64 bits, as in bpftrace; in a structure it is as large as there.
  if (type.kind === "integer" && type.enumeration !== undefined) return 8;
  return sizeOfValue(valueTypeOf(type));
}

/** What a word names that stands for a type of the kernel's, and for no value. */
export function typeOfWord(probe: ProbeState, word: Expression): Type | undefined {
  if (word.kind !== "identifier" || isBuiltin(word.name)) return undefined;
  const { types } = probe.program;
  const isNumber = types.enumerator(word.name) !== undefined;
  return isNumber || headerConstant(word.name) !== undefined
    ? undefined
    : types.named(word.name, "kernel");
}

/** `offsetof(struct s, a.b)`, `offsetof(expression, field)`. */
export function checkOffset(
  probe: ProbeState,
  { of, path, span }: ExpressionOf<"offsetof">,
): CheckedExpression | undefined {
  let type =
    "kind" in of
      ? (typeOfWord(probe, of) ?? probe.check(of)?.type)
      : resolveTypeName(probe, of, "kernel");
  if (type === undefined) return undefined;
  let bytes = 0;
  for (const name of path) {
    if (type.kind !== "struct") {
      const message = `${describeType(type)} is no structure and has no field ${name.text}`;
      return probe.error("type-mismatch", name.span, message);
    }
    const member = requireMember(probe, type, name, span);
    if (member === undefined) return undefined;
    if (member.bits !== undefined) {
      return probe.error("type-mismatch", name.span, "a bit-field has no offset in bytes");
    }
    bytes += member.offset;
    type = member.type;
  }
  return integerConstant(BigInt(bytes), span);
}
