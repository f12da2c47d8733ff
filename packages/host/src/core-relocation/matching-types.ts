import { essentialName } from "../btf/essential-name.js";
import { type BtfType } from "../btf/types.js";
import { isEnumeration } from "./access.js";
import {
  deepestType,
  endless,
  haveEqualParameters,
  isComposite,
  type Located,
} from "./compatible-types.js";

type Enumeration = Extract<BtfType, { readonly kind: "enum" | "enum64" }>;
type Composite = Extract<BtfType, { readonly kind: "struct" | "union" }>;

/** How types are compared: behind a pointer members no longer count. */
interface Circumstances {
  readonly isBehindPointer: boolean;
  readonly levels: number;
}

/**
 * Whether a type has all that the object's has: each member by name and with a type that matches, each value of an enum by
 * name, integers with size and sign, as many parameters and elements. Throws CoreRelocationError, BtfError.
 */
export function doTypesMatch(local: Located, target: Located): boolean {
  return matches(local, target, { isBehindPointer: false, levels: deepestType });
}

function matches(local: Located, target: Located, circumstances: Circumstances): boolean {
  if (circumstances.levels <= 0) throw endless(local);
  let { isBehindPointer } = circumstances;
  let [left, right] = [local.id, target.id];
  const inner = (one: number, other: number): boolean =>
    matches(
      { types: local.types, id: one },
      { types: target.types, id: other },
      { isBehindPointer, levels: circumstances.levels - 1 },
    );
  for (let depth = 0; depth < deepestType; depth++) {
    const localType = local.types.type(local.types.resolve(left));
    const targetType = target.types.type(target.types.resolve(right));
    if (!doNamesMatch(nameOf(localType), nameOf(targetType))) return false;
    if (localType.kind === "ptr" && targetType.kind === "ptr") {
      isBehindPointer = true;
      [left, right] = [localType.to, targetType.to];
    } else if (localType.kind === "array" && targetType.kind === "array") {
      if (localType.length !== targetType.length) return false;
      [left, right] = [localType.element, targetType.element];
    } else if (localType.kind === "func_proto" && targetType.kind === "func_proto") {
      if (!haveEqualParameters(localType, targetType, inner)) return false;
      [left, right] = [localType.returns, targetType.returns];
    } else {
      return doLeavesMatch(localType, targetType, isBehindPointer, inner);
    }
  }
  throw endless(local);
}

function doLeavesMatch(
  local: BtfType,
  target: BtfType,
  isBehindPointer: boolean,
  inner: (local: number, target: number) => boolean,
): boolean {
  if (local.kind === "void") return target.kind === "void";
  if (local.kind === "fwd") {
    if (target.kind === "fwd") return local.of === target.of;
    return isBehindPointer && local.of === target.kind;
  }
  if (isEnumeration(local)) return isEnumeration(target) && doEnumsMatch(local, target);
  if (local.kind === "int") {
    return (
      target.kind === "int" &&
      local.sizeBytes === target.sizeBytes &&
      local.isSigned === target.isSigned
    );
  }
  if (!isComposite(local)) return false;
  if (isBehindPointer && target.kind === "fwd") return local.kind === target.of;
  if (local.kind !== target.kind) return false;
  return isBehindPointer || doMembersMatch(local, target, inner);
}

function doEnumsMatch(local: Enumeration, target: Enumeration): boolean {
  if (local.sizeBytes !== target.sizeBytes || local.values.length > target.values.length) {
    return false;
  }
  const names = new Set(target.values.map(({ name }) => essentialName(name)));
  return local.values.every(({ name }) => names.has(essentialName(name)));
}

function doMembersMatch(
  local: Composite,
  target: Composite,
  inner: (local: number, target: number) => boolean,
): boolean {
  if (local.members.length > target.members.length) return false;
  return local.members.every((member) =>
    target.members.some(
      (other) => doNamesMatch(member.name, other.name) && inner(member.type, other.type),
    ),
  );
}

function nameOf(type: BtfType): string {
  return "name" in type ? type.name : "";
}

function doNamesMatch(local: string, target: string): boolean {
  return essentialName(local) === essentialName(target);
}
