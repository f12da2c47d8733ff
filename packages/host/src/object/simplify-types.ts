import { type BtfMember, type BtfType } from "../btf/types.js";
import { type FeatureName } from "../spec/target-description.js";

/**
 * Replaces kinds of types that a kernel does not know by others of the same size, so that it takes the rest. Every type keeps its
 * id.
 */
export function simplifyTypes(
  types: readonly BtfType[],
  features: readonly FeatureName[],
): readonly BtfType[] {
  const has = (feature: FeatureName): boolean => features.includes(feature);
  const nameOf = (id: number): string => {
    const type = types[id - 1];
    return type !== undefined && "name" in type ? type.name : "";
  };
  return types.map((type): BtfType => {
    switch (type.kind) {
      case "var":
        return has("btf_datasec") ? type : placeholder(type.name);
      case "datasec":
        if (!has("btf_datasec")) return sectionAsStruct(type, nameOf);
        return has("btf_optional_section")
          ? type
          : { ...type, name: type.name.replace(/^\?/, "_") };
      case "func":
        return has("btf_global_function") ? type : { ...type, linkage: "static" };
      case "float":
        return has("btf_float")
          ? type
          : { kind: "struct", name: "", sizeBytes: type.sizeBytes, members: [] };
      case "decl_tag":
        return has("btf_decl_tag") ? type : placeholder(type.name);
      case "type_tag":
        return has("btf_type_tag") ? type : { kind: "const", to: type.to };
      case "enum":
        return has("btf_enum64") ? type : { ...type, isSigned: false };
      case "enum64":
        return has("btf_enum64") ? type : wideEnumAsUnion(type);
      default:
        return type;
    }
  });
}

/** Nothing refers to it by size: an int of one byte is never too large for where it stands. */
function placeholder(name: string): BtfType {
  return {
    kind: "int",
    name,
    sizeBytes: 1,
    isSigned: false,
    isCharacter: false,
    isBoolean: false,
    bits: 8,
    bitOffset: 0,
  };
}

/** Names of structs have no dots. */
function sectionAsStruct(
  section: Extract<BtfType, { readonly kind: "datasec" }>,
  nameOf: (id: number) => string,
): BtfType {
  const members = section.variables.map((variable): BtfMember => ({
    name: nameOf(variable.type),
    type: variable.type,
    bitOffset: variable.offset * 8,
    bitFieldSize: 0,
  }));
  const name = section.name.replaceAll(/[.?]/g, "_");
  return { kind: "struct", name, sizeBytes: section.sizeBytes, members };
}

/** Without its values. */
function wideEnumAsUnion({
  name,
  sizeBytes,
}: Extract<BtfType, { readonly kind: "enum" | "enum64" }>): BtfType {
  return { kind: "union", name, sizeBytes, members: [] };
}
