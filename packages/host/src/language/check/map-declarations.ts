import { mapFlags, type MapSpec, type MapType } from "../../spec/map-spec.js";
import { meantHints, nearNames } from "../near-names.js";
import { type MapDeclaration } from "../syntax/ast.js";
import { type CheckedMap } from "./checked-program.js";
import { type Diagnostics } from "./diagnostics.js";
import { type MapTable } from "./map-table.js";

/** The kernel's types by the names that `let @m = …` has for them. */
const declaredTypes: Readonly<Record<string, MapType>> = {
  hash: "hash",
  lruhash: "lru_hash",
  percpuhash: "percpu_hash",
  percpulruhash: "lru_percpu_hash",
};

/** Declared maps by name; of several declarations of one map the last counts. Reports types that there are not. */
export function readMapDeclarations(
  declarations: readonly MapDeclaration[],
  diagnostics: Diagnostics,
): ReadonlyMap<string, MapDeclaration> {
  for (const { type, entries, span } of declarations) {
    if (!Object.hasOwn(declaredTypes, type)) {
      const names = Object.keys(declaredTypes);
      diagnostics.error("bad-value", span, `Invalid bpf map type: ${type}`, [
        ...meantHints(nearNames(type, names)),
        `Valid map types: ${names.join(", ")}.`,
      ]);
    } else if (entries < 1n || entries > 0xffff_ffffn) {
      diagnostics.error("bad-value", span, "a map holds at least one entry, and at most 2^32 - 1");
    }
  }
  return new Map(declarations.map((declaration) => [declaration.name, declaration]));
}

/** The map as its declaration wants it; reports a type that does not go with what is assigned to it. */
export function asDeclared(
  map: CheckedMap,
  declaration: MapDeclaration | undefined,
  maps: MapTable,
  diagnostics: Diagnostics,
): CheckedMap {
  const type = declaration === undefined ? undefined : declaredTypes[declaration.type];
  if (declaration === undefined || type === undefined) return map;
  const { span, entries } = declaration;
  const { start } = maps.get(map.name).contents?.span ?? span;
  const use = { start, end: start + map.name.length };
  const isDeclaredPerCpu = type === "percpu_hash" || type === "lru_percpu_hash";
  if (map.layout.isPerCpu !== isDeclaredPerCpu || map.spec.type === "percpu_array") {
    const needed = map.layout.isPerCpu ? "percpuhash" : "hash";
    const message = `Incompatible map types. Type from declaration: ${declaration.type}. Type from value/key type: ${needed}`;
    const related = [{ span, message: `${map.name} is declared here` }];
    diagnostics.error("type-mismatch", use, message, [], related);
    return map;
  }
  const isLru = type === "lru_hash" || type === "lru_percpu_hash";
  const { flags } = map.spec;
  const spec: MapSpec = {
    ...map.spec,
    type,
    maxEntries: Number(entries),
    // The kernel allocates maps that forget their oldest entries at once.
    flags: isLru ? flags & ~mapFlags.noPreallocation : flags,
  };
  return { ...map, spec };
}
