import { type RawParameter } from "./raw-parameter.js";
import { type BtfType, type BtfTypeId } from "./types.js";

/** What of Btf is needed here. */
interface TypeSource {
  type(id: BtfTypeId): BtfType;
  outline(id: BtfTypeId): BtfType;
  resolve(id: BtfTypeId): BtfTypeId;
  sizeOf(id: BtfTypeId): number;
  formatTypeName(id: BtfTypeId): string;
}

/** The parameters of a function prototype; undefined when the type is not one. */
export function functionParameters(
  btf: TypeSource,
  prototype: BtfTypeId,
): readonly RawParameter[] | undefined {
  const type = btf.type(prototype);
  if (type.kind !== "func_proto") return undefined;
  return type.parameters.map((parameter) => describe(btf, parameter.name, parameter.type));
}

/** What a function of this prototype gives, without a name; undefined when that is nothing, or the type is no prototype. */
export function functionResult(btf: TypeSource, prototype: BtfTypeId): RawParameter | undefined {
  const type = btf.type(prototype);
  if (type.kind !== "func_proto" || btf.outline(btf.resolve(type.returns)).kind === "void") {
    return undefined;
  }
  return describe(btf, "", type.returns);
}

function describe(btf: TypeSource, name: string, type: BtfTypeId): RawParameter {
  const resolved = btf.outline(btf.resolve(type));
  const isSigned =
    (resolved.kind === "int" || resolved.kind === "enum" || resolved.kind === "enum64") &&
    resolved.isSigned;
  return {
    name,
    typeName: btf.formatTypeName(type),
    isPointer: resolved.kind === "ptr",
    isSigned,
    sizeBytes: btf.sizeOf(type),
  };
}
