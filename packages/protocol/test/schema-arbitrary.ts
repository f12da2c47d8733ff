import fc, { type Arbitrary } from "fast-check";
import type * as z from "zod/mini";

/** The parts of a schema's definition that say what it accepts. */
interface Definition {
  readonly type: string;
  readonly shape?: Record<string, z.ZodMiniType>;
  readonly element?: z.ZodMiniType;
  readonly innerType?: z.ZodMiniType;
  readonly options?: readonly z.ZodMiniType[];
  readonly valueType?: z.ZodMiniType;
  readonly values?: readonly unknown[];
  readonly entries?: Record<string, string>;
}

const u64s = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 5n, 2n ** 63n),
);
const u32s = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(4095));
const byteArrays = fc
  .constantFrom(0, 1, 8, 16, 32)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const strings = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.stringMatching(/^[A-Za-z0-9_.]{1,15}$/),
  fc.stringMatching(/^\/[a-z0-9/]{0,20}$/),
);

/** Values that the schema accepts. Throws TypeError for a kind of schema that no message has used so far. */
export function arbitraryOf(schema: z.ZodMiniType): Arbitrary<unknown> {
  return arbitraryOfKind(schema).filter((value) => schema.safeParse(value).success);
}

function arbitraryOfKind(schema: z.ZodMiniType): Arbitrary<unknown> {
  // What each kind has in its definition is zod's to know.
  const definition = schema.def as unknown as Definition;
  switch (definition.type) {
    case "string":
      return strings;
    case "number":
      return u32s;
    case "bigint":
      return u64s;
    case "boolean":
      return fc.boolean();
    case "custom":
      return byteArrays;
    case "unknown":
      return fc.constantFrom<unknown>({}, { value: 1n }, ["a"]);
    case "literal":
      return fc.constantFrom(...(definition.values ?? []));
    case "enum":
      return fc.constantFrom(...Object.values(definition.entries ?? {}));
    case "nullable":
      return fc.option(inner(definition.innerType), { nil: null });
    case "union":
      return fc.oneof(...(definition.options ?? []).map(arbitraryOf));
    case "array":
      return fc.array(inner(definition.element), { maxLength: 6 });
    case "record":
      // Not __proto__, which the codec refuses as a key.
      return fc.dictionary(fc.stringMatching(/^[a-z][a-z_]{0,19}$/), inner(definition.valueType), {
        maxKeys: 5,
      });
    case "object":
      return arbitraryObject(definition.shape ?? {});
    default:
      throw new TypeError(`no arbitrary for a schema of type ${definition.type}`);
  }
}

function arbitraryObject(shape: Record<string, z.ZodMiniType>): Arbitrary<unknown> {
  const model: Record<string, Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const { type, innerType } = schema.def as unknown as Definition;
    model[key] = type === "optional" ? inner(innerType) : arbitraryOf(schema);
    if (type !== "optional") requiredKeys.push(key);
  }
  return fc.record(model, { requiredKeys, noNullPrototype: true });
}

function inner(schema: z.ZodMiniType | undefined): Arbitrary<unknown> {
  if (schema === undefined) throw new TypeError("the schema has no inner type");
  return arbitraryOf(schema);
}
