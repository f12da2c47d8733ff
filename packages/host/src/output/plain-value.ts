import { type Value } from "./value.js";

/** A value as JavaScript has it: numbers of up to 32 bits, bigints beyond, strings, arrays, objects. */
export type PlainValue =
  | number
  | bigint
  | string
  | boolean
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

/** Enumerators by their names; addresses as bigints. */
export function plainValue(value: Value): PlainValue {
  switch (value.kind) {
    case "integer":
      if (value.name !== undefined) return value.name;
      return value.sizeBytes === 8 ? value.value : Number(value.value);
    case "boolean":
    case "string":
      return value.value;
    case "pointer":
      return value.value;
    case "tuple":
    case "array":
      return value.elements.map(plainValue);
    case "record":
      return Object.fromEntries(value.fields.map((one) => [one.name, plainValue(one.value)]));
    case "symbol":
      return value.address;
    case "stack":
      return value.frames.map(({ address }) => address);
    case "bytes":
      return [...value.bytes];
    case "text":
      return value.value;
  }
}
