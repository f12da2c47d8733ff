import { type CheckedMap } from "./checked-program.js";
import { type TupleType } from "./type.js";

/** What a loop over a map is given of each entry: the key, a tuple of several, and the value. */
export function entryType({
  keyTypes,
  valueType,
}: Pick<CheckedMap, "keyTypes" | "valueType">): TupleType {
  const [first] = keyTypes;
  const isSingle = first !== undefined && keyTypes.length === 1;
  const key = isSingle ? first : ({ kind: "tuple", elements: keyTypes } as const);
  return { kind: "tuple", elements: [key, valueType] };
}
