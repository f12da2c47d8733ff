import { type BtfType, type BtfTypeId } from "./types.js";

/** The type with other ids for the types that it is made of. */
export function mapTypeIds(type: BtfType, map: (id: BtfTypeId) => BtfTypeId): BtfType {
  switch (type.kind) {
    case "void":
    case "int":
    case "enum":
    case "enum64":
    case "fwd":
    case "float":
      return type;
    case "ptr":
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return { ...type, to: map(type.to) };
    case "array":
      return { ...type, element: map(type.element), index: map(type.index) };
    case "struct":
    case "union":
      return {
        ...type,
        members: type.members.map((member) => ({ ...member, type: map(member.type) })),
      };
    case "func":
      return { ...type, prototype: map(type.prototype) };
    case "func_proto":
      return {
        ...type,
        returns: map(type.returns),
        parameters: type.parameters.map((one) => ({ ...one, type: map(one.type) })),
      };
    case "var":
    case "decl_tag":
      return { ...type, type: map(type.type) };
    case "datasec":
      return {
        ...type,
        variables: type.variables.map((variable) => ({ ...variable, type: map(variable.type) })),
      };
  }
}
