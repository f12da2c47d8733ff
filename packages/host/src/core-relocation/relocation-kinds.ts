/** enum bpf_core_relo_kind (include/uapi/linux/bpf.h) in words, by number. */
export const relocationKinds = [
  "fieldOffset",
  "fieldSize",
  "fieldExists",
  "fieldIsSigned",
  "fieldLeftShift",
  "fieldRightShift",
  "localTypeId",
  "targetTypeId",
  "typeExists",
  "typeSize",
  "enumeratorExists",
  "enumeratorValue",
  "typeMatches",
] as const;
export type RelocationKind = (typeof relocationKinds)[number];

/** What a relocation is about: a member, a type as a whole, or one value of an enum. */
export function subjectOf(kind: RelocationKind): "field" | "type" | "enumerator" {
  switch (kind) {
    case "fieldOffset":
    case "fieldSize":
    case "fieldExists":
    case "fieldIsSigned":
    case "fieldLeftShift":
    case "fieldRightShift":
      return "field";
    case "localTypeId":
    case "targetTypeId":
    case "typeExists":
    case "typeSize":
    case "typeMatches":
      return "type";
    case "enumeratorExists":
    case "enumeratorValue":
      return "enumerator";
  }
}

/** For people. */
export const kindNames: Readonly<Record<RelocationKind, string>> = {
  fieldOffset: "offset",
  fieldSize: "size",
  fieldExists: "existence",
  fieldIsSigned: "signedness",
  fieldLeftShift: "left shift",
  fieldRightShift: "right shift",
  localTypeId: "local type id",
  targetTypeId: "type id",
  typeExists: "existence",
  typeSize: "size",
  enumeratorExists: "existence",
  enumeratorValue: "value",
  typeMatches: "match",
};
