import { type TargetDescription } from "../spec/target-description.js";
import { type ValueType } from "../spec/value-type.js";
import { Diagnostics } from "./check/diagnostics.js";
import { defineTypes } from "./check/types/define-types.js";
import { type Ask, type DefinedTypes, TypeSource } from "./check/types/type-source.js";
import { valueTypeOf } from "./check/value-layout.js";
import { type Diagnostic, isError } from "./diagnostic.js";
import { parse } from "./parse.js";

/** Types that a text defines in C, as a header of a program does. */
export interface CTypes {
  /** How a value of a type is read, by its name: "struct event", "event_t"; undefined for one that is not defined. */
  find(name: string): ValueType | undefined;
  /** Names of the structs that are defined, in their order. */
  readonly structs: readonly string[];
  /** What is wrong with the text; then there are no types. */
  readonly diagnostics: readonly Diagnostic[];
}

const none: DefinedTypes = { types: new Map(), members: new Map(), enumerators: new Map() };

/** Reads definitions of C's. `ask` answers for types that the text does not define. */
export function readCTypes(text: string, target: TargetDescription, ask: Ask): CTypes {
  // A text of definitions alone is no program.
  const { program, diagnostics } = parse(`${text}\nBEGIN { }\n`);
  if (program === undefined) {
    return { find: () => undefined, structs: [], diagnostics: diagnostics.filter(isError) };
  }
  const kernel = new TypeSource(target, none, ask);
  const found = new Diagnostics();
  const defined = defineTypes(program.types, {
    target,
    diagnostics: found,
    describe: (name) => kernel.describe(name),
    sizeOf: (type) => kernel.sizeOf(type),
  });
  const types = new TypeSource(target, defined, ask);
  return {
    find: (name) => {
      const type = types.named(name, "kernel");
      return type === undefined ? undefined : valueTypeOf(type);
    },
    structs: [...defined.types.keys()].filter((name) => name.startsWith("struct ")),
    diagnostics: found.list.filter(isError),
  };
}
