import { type Btf } from "../btf/btf.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "../btf/types.js";
import { mapTypes, type MapType } from "../spec/map-spec.js";
import { ObjectError } from "./object-error.js";

/** What an object says of a map. */
export interface MapDefinition {
  readonly type: MapType;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  /** 0: not said. */
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  /** map_extra of union bpf_attr: what it means depends on the type. */
  readonly extra: bigint;
  readonly numaNode: number | undefined;
  /** In the object's own types. */
  readonly keyType: BtfTypeId | undefined;
  readonly valueType: BtfTypeId | undefined;
  /** What the maps in a map of maps are like. */
  readonly inner: MapDefinition | undefined;
  /** Where in the definition the list of values begins that it has from the start; in bytes. */
  readonly valuesOffset: number | undefined;
  /** Kept below the target's bpffs under its name, and taken from there when it is there. */
  readonly isPinned: boolean;
}

type Struct = Extract<BtfType, { readonly kind: "struct" | "union" }>;

const typeNames = new Map<number, MapType>(
  // The table's keys are MapTypes: that is what the type is made of.
  Object.entries(mapTypes).map(([name, number]) => [number, name as MapType]),
);

/** LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME (tools/lib/bpf/bpf_helpers.h). */
const pinByName = 1;

/**
 * Reads the type of a variable in .maps (tools/lib/bpf/bpf_helpers.h: __uint, __type, __array, __ulong): numbers are the lengths of
 * arrays that members point to, types are what members point to. Throws ObjectError, BtfError.
 */
export function readMapDefinition(types: Btf, name: string, id: BtfTypeId): MapDefinition {
  const type = types.type(types.resolve(id));
  if (type.kind !== "struct") throw new ObjectError(`map ${name}: it is defined by a ${type.kind}`);
  return new DefinitionReader(types, name, type).read({ isInner: false });
}

class DefinitionReader {
  readonly #types: Btf;
  readonly #name: string;
  readonly #struct: Struct;

  constructor(types: Btf, name: string, struct: Struct) {
    this.#types = types;
    this.#name = name;
    this.#struct = struct;
  }

  read({ isInner }: { readonly isInner: boolean }): MapDefinition {
    this.#refuseUnknownMembers();
    const type = this.#readType();
    const values = this.#member("values");
    const holdsDescriptors = values !== undefined;
    const key = this.#readSide("key");
    const value = this.#readSide("value");
    const pinning = this.#number("pinning") ?? 0;
    if (pinning > pinByName) throw this.#fault(`pinning ${pinning} is not known`);
    if (isInner && pinning !== 0) throw this.#fault("a map within a map cannot be pinned");
    if (holdsDescriptors && value.sizeBytes !== 0 && value.sizeBytes !== 4) {
      throw this.#fault(`values of ${value.sizeBytes} bytes where maps or programs are held`);
    }
    return {
      type,
      keySizeBytes: key.sizeBytes,
      valueSizeBytes: holdsDescriptors ? 4 : value.sizeBytes,
      maxEntries: this.#number("max_entries") ?? 0,
      flags: this.#number("map_flags") ?? 0,
      extra: this.#wideNumber("map_extra") ?? 0n,
      numaNode: this.#number("numa_node"),
      keyType: key.type,
      valueType: value.type,
      inner: values === undefined ? undefined : this.#readValues(type, values, isInner),
      valuesOffset: values === undefined ? undefined : Math.floor(values.bitOffset / 8),
      isPinned: pinning === pinByName,
    };
  }

  #refuseUnknownMembers(): void {
    for (const { name } of this.#struct.members) {
      if (!knownMembers.has(name))
        throw this.#fault(`its definition has a member ${name}, which is not known`);
    }
  }

  #readType(): MapType {
    const number = this.#number("type");
    if (number === undefined) throw this.#fault("its type is not said");
    const type = typeNames.get(number);
    if (type === undefined) throw this.#fault(`its type ${number} is not known`);
    if (type === "arena") {
      throw this.#fault(
        "an arena is memory that the object's own program shares with it, and no program of Sonde's runs beside it on the target",
      );
    }
    return type;
  }

  /** The key's or the value's size: said as a number, or by a type. */
  #readSide(side: "key" | "value"): {
    readonly sizeBytes: number;
    readonly type: BtfTypeId | undefined;
  } {
    const said = this.#number(`${side}_size`);
    const member = this.#member(side);
    if (member === undefined) return { sizeBytes: said ?? 0, type: undefined };
    const type = this.#pointee(member);
    const sizeBytes = this.#types.sizeOf(type);
    if (said !== undefined && said !== sizeBytes) {
      throw this.#fault(`its ${side} has ${sizeBytes} bytes, and ${said} as its size says`);
    }
    return { sizeBytes, type };
  }

  /** What an array of pointers to maps or programs says of them. */
  #readValues(type: MapType, member: BtfMember, isInner: boolean): MapDefinition | undefined {
    const array = this.#resolved(member.type);
    const isOfMaps = type === "array_of_maps" || type === "hash_of_maps";
    if (!isOfMaps && type !== "prog_array") {
      throw this.#fault(`it has values from the start, which a map of type ${type} cannot have`);
    }
    if (isInner) throw this.#fault("maps in maps in maps");
    if (array.kind !== "array" || array.length !== 0 || this.#struct.members.at(-1) !== member) {
      throw this.#fault("its values are not an array of unsaid length at its end");
    }
    const pointer = this.#resolved(array.element);
    if (pointer.kind !== "ptr") throw this.#fault("its values are not pointers");
    const held = this.#resolved(pointer.to);
    if (!isOfMaps) {
      if (held.kind !== "func_proto") throw this.#fault("its values are not programs");
      return undefined;
    }
    if (held.kind !== "struct") throw this.#fault("its values are not maps");
    return new DefinitionReader(this.#types, `${this.#name}.inner`, held).read({ isInner: true });
  }

  /** __uint: the length of the array that the member points to. */
  #number(name: string): number | undefined {
    const member = this.#member(name);
    if (member === undefined) return undefined;
    const array = this.#resolved(this.#pointee(member));
    if (array.kind !== "array") throw this.#fault(`its ${name} is not an array's length`);
    return array.length;
  }

  /** __ulong: the only value of an enum; or as __uint. */
  #wideNumber(name: string): bigint | undefined {
    const member = this.#member(name);
    if (member === undefined) return undefined;
    const type = this.#resolved(member.type);
    if (type.kind !== "enum" && type.kind !== "enum64") return BigInt(this.#number(name) ?? 0);
    const value = type.values[0];
    if (value === undefined) throw this.#fault(`its ${name} has no value`);
    return BigInt.asUintN(64, value.value);
  }

  #pointee(member: BtfMember): BtfTypeId {
    const type = this.#resolved(member.type);
    if (type.kind !== "ptr") throw this.#fault(`its ${member.name} is a ${type.kind}`);
    return type.to;
  }

  #resolved(id: BtfTypeId): BtfType {
    return this.#types.type(this.#types.resolve(id));
  }

  #member(name: string): BtfMember | undefined {
    return this.#struct.members.find((one) => one.name === name);
  }

  #fault(why: string): ObjectError {
    return new ObjectError(`map ${this.#name}: ${why}`);
  }
}

const knownMembers: ReadonlySet<string> = new Set([
  "type",
  "max_entries",
  "map_flags",
  "numa_node",
  "key_size",
  "key",
  "value_size",
  "value",
  "values",
  "pinning",
  "map_extra",
]);
