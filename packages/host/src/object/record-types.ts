import { type Btf } from "../btf/btf.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { type DeclaredMap, type ObjectFile } from "./object-file.js";
import { recordSizes } from "./record-sizes.js";

/** What the records of a stream may be: a type for each size that programs write. */
export interface StreamRecords {
  readonly map: string;
  /** Of the object's own types; none: nothing says what the records are. */
  readonly types: readonly BtfTypeId[];
}

/** How structs are called that are made to be sent. */
const eventName = /(^|_)(event|evt|data|record|sample|msg|info)(_t)?$/;
const plainName = /^(event|evt|data)(_t)?$/;

/** The maps whose records are sent to the host, with what their records are as far as the object tells. */
export function streamRecords(file: ObjectFile): readonly StreamRecords[] {
  const streams = file.maps.filter(
    (map): map is DeclaredMap =>
      map.kind === "declared" && ["ringbuf", "perf_event_array"].includes(map.definition.type),
  );
  const { types } = file;
  if (types === undefined) return streams.map(({ name }) => ({ map: name, types: [] }));
  const sizes = recordSizes(file);
  const structs = new OwnStructs(file, types);
  return streams.map((map) => {
    const said = saidType(map, types);
    if (said !== undefined) return { map: map.name, types: [said] };
    const own = sizes.get(map.name) ?? [];
    const found = own.flatMap((size) => structs.ofSize(size) ?? []);
    if (own.length > 0) return { map: map.name, types: found };
    const named = structs.namedAsEvent();
    return { map: map.name, types: named === undefined ? [] : [named] };
  });
}

/** The definition says it by `__type(value, struct event)`. */
function saidType({ definition }: DeclaredMap, types: Btf): BtfTypeId | undefined {
  const { valueType } = definition;
  if (valueType === undefined) return undefined;
  const { kind } = types.type(types.resolve(valueType));
  return kind === "struct" || kind === "union" ? valueType : undefined;
}

/** Structs that are the object's own, not the kernel's that it reads. */
class OwnStructs {
  readonly #types: Btf;
  readonly #structs: readonly { readonly id: BtfTypeId; readonly name: string; size: number }[];

  constructor(file: ObjectFile, types: Btf) {
    this.#types = types;
    const foreign = relocatedTypes(file, types);
    const structs: { id: BtfTypeId; name: string; size: number }[] = [];
    for (let id = 1; id < types.typeCount; id++) {
      const type = types.type(id);
      // What programs read is seldom what they write; its name tells.
      if (type.kind !== "struct" || (foreign.has(id) && !plainName.test(type.name))) continue;
      structs.push({ id, name: type.name, size: type.sizeBytes });
    }
    this.#structs = structs;
  }

  ofSize(size: number): BtfTypeId | undefined {
    const fitting = this.#structs.filter((one) => one.size === size && one.name !== "");
    const ranked =
      fitting.find(({ name }) => plainName.test(name)) ??
      fitting.find(({ name }) => eventName.test(name)) ??
      fitting.find(({ id }) => this.#isValue(id));
    if (ranked !== undefined) return ranked.id;
    return fitting.length === 1 ? fitting[0]?.id : undefined;
  }

  /** The only one that is called so. */
  namedAsEvent(): BtfTypeId | undefined {
    const named = this.#structs.filter(({ name }) => eventName.test(name));
    const plain = named.filter(({ name }) => plainName.test(name));
    if (plain.length === 1) return plain[0]?.id;
    return named.length === 1 ? named[0]?.id : undefined;
  }

  /** Whether a variable of the object is one. */
  #isValue(id: BtfTypeId): boolean {
    for (let one = 1; one < this.#types.typeCount; one++) {
      const type = this.#types.type(one);
      if (type.kind === "var" && this.#types.resolve(type.type) === id) return true;
    }
    return false;
  }
}

/** Types that stand for some of the kernel's, and all that these are made of and point to. */
function relocatedTypes({ info }: ObjectFile, types: Btf): ReadonlySet<BtfTypeId> {
  const found = new Set<BtfTypeId>();
  for (const relocations of info?.relocations.values() ?? []) {
    for (const { type } of relocations) found.add(type);
  }
  // A set gives also what is added while it is gone through.
  for (const id of found) for (const part of partsOf(types.type(id))) found.add(part);
  return found;
}

function partsOf(type: BtfType): readonly BtfTypeId[] {
  switch (type.kind) {
    case "struct":
    case "union":
      return type.members.map((member) => member.type);
    case "ptr":
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      return [type.to];
    case "array":
      return [type.element];
    case "func_proto":
      return [type.returns, ...type.parameters.map((one) => one.type)];
    default:
      return [];
  }
}
