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
  return type.parameters.map((parameter) => {
    const resolved = btf.outline(btf.resolve(parameter.type));
    const isSigned =
      (resolved.kind === "int" || resolved.kind === "enum" || resolved.kind === "enum64") &&
      resolved.isSigned;
    return {
      name: parameter.name,
      typeName: btf.formatTypeName(parameter.type),
      isPointer: resolved.kind === "ptr",
      isSigned,
      sizeBytes: btf.sizeOf(parameter.type),
    };
  });
}
