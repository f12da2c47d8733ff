import { essentialName } from "../btf/essential-name.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfKind, type BtfType, type BtfTypeId } from "../btf/types.js";
import { CoreRelocationError } from "./core-relocation-error.js";

/** A type and where it is read. */
export interface Located {
  readonly types: TypeReader;
  readonly id: BtfTypeId;
}

/** Longer chains of pointers and arrays are malformed. */
export const deepestType = 32;

/** Kinds that a type of this kind can stand for. */
export function compatibleKinds(kind: BtfKind): readonly BtfKind[] {
  return kind === "enum" || kind === "enum64" ? ["enum", "enum64"] : [kind];
}

/**
 * Whether a member can be read as the object's: structs and unions, and pointers, are all the same; integers differ in
 * size and sign at will; enums and forward declarations go by name; arrays by their elements. Throws BtfError.
 */
export function areFieldsCompatible(local: Located, target: Located): boolean {
  let [left, right] = [local.id, target.id];
  for (let depth = 0; depth < deepestType; depth++) {
    const localType = local.types.type(local.types.resolve(left));
    const targetType = target.types.type(target.types.resolve(right));
    if (isComposite(localType) && isComposite(targetType)) return true;
    if (!compatibleKinds(localType.kind).includes(targetType.kind)) return false;
    if (localType.kind === "array" && targetType.kind === "array") {
      [left, right] = [localType.element, targetType.element];
      continue;
    }
    if (localType.kind === "int" && targetType.kind === "int") {
      return localType.bitOffset === 0 && targetType.bitOffset === 0;
    }
    if (localType.kind === "ptr" || localType.kind === "float") return true;
    if (!isNamedByReference(localType) || !isNamedByReference(targetType)) return false;
    const [localName, targetName] = [essentialName(localType.name), essentialName(targetType.name)];
    return localName === "" || targetName === "" || localName === targetName;
  }
  throw endless(local);
}

/**
 * Whether a type of the same name can be taken for the object's: its kind is the same, and that of what it points to, is
 * made of or takes. Members are not looked at. Throws CoreRelocationError, BtfError.
 */
export function areTypesCompatible(local: Located, target: Located, depth = deepestType): boolean {
  let [left, right] = [local.id, target.id];
  const [localKind, targetKind] = [
    local.types.outline(left).kind,
    target.types.outline(right).kind,
  ];
  if (!compatibleKinds(localKind).includes(targetKind)) return false;
  for (let rest = depth - 1; rest >= 0; rest--) {
    const localType = local.types.type(local.types.resolve(left));
    const targetType = target.types.type(target.types.resolve(right));
    if (!compatibleKinds(localType.kind).includes(targetType.kind)) return false;
    if (localType.kind === "ptr" && targetType.kind === "ptr") {
      [left, right] = [localType.to, targetType.to];
    } else if (localType.kind === "array" && targetType.kind === "array") {
      [left, right] = [localType.element, targetType.element];
    } else if (localType.kind === "func_proto" && targetType.kind === "func_proto") {
      const areTaken = haveEqualParameters(localType, targetType, (one, other) =>
        areTypesCompatible(
          { types: local.types, id: local.types.resolve(one) },
          { types: target.types, id: target.types.resolve(other) },
          rest,
        ),
      );
      if (!areTaken) return false;
      [left, right] = [localType.returns, targetType.returns];
    } else if (localType.kind === "int" && targetType.kind === "int") {
      return localType.bitOffset === 0 && targetType.bitOffset === 0;
    } else {
      return isComposite(localType) || isNamedByReference(localType) || localType.kind === "void";
    }
  }
  throw endless(local);
}

type Prototype = Extract<BtfType, { readonly kind: "func_proto" }>;

/** As many parameters, "..." counting as one, and each pair as `isEqual` has it. */
export function haveEqualParameters(
  local: Prototype,
  target: Prototype,
  isEqual: (local: BtfTypeId, target: BtfTypeId) => boolean,
): boolean {
  return (
    local.isVariadic === target.isVariadic &&
    local.parameters.length === target.parameters.length &&
    local.parameters.every(({ type }, at) => isEqual(type, target.parameters[at]?.type ?? 0))
  );
}

export function isComposite(
  type: BtfType,
): type is Extract<BtfType, { readonly kind: "struct" | "union" }> {
  return type.kind === "struct" || type.kind === "union";
}

function isNamedByReference(
  type: BtfType,
): type is Extract<BtfType, { readonly kind: "fwd" | "enum" | "enum64" }> {
  return type.kind === "fwd" || type.kind === "enum" || type.kind === "enum64";
}

export function endless({ types, id }: Located): CoreRelocationError {
  return new CoreRelocationError(`compare ${types.formatTypeName(id)}: it has no end`);
}
