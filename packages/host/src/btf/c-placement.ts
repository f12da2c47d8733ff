import { BtfError } from "./btf-error.js";
import { type TypeReader } from "./type-reader.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "./types.js";

/** What stands in a struct's body: a member, or what moves the next one on. */
export type Place =
  | { readonly kind: "member"; readonly member: BtfMember }
  | { readonly kind: "bytes"; readonly name: string; readonly count: number }
  | { readonly kind: "bits"; readonly count: number };

interface Placement {
  readonly places: readonly Place[];
  readonly isPacked: boolean;
}

type Composite = Extract<BtfType, { readonly kind: "struct" | "union" }>;

/** Deeper than arrays and structs of any kernel's nest. */
const deepestNesting = 64;

/** What was found out already, by the type. */
const placements = new WeakMap<Composite, Placement>();

/** The body of a struct, so that a compiler gives each member the offset, and the whole the size, that BTF says. */
export function placeMembers(types: TypeReader, type: Composite): Placement {
  const known = placements.get(type);
  if (known !== undefined) return known;
  const placed = placeWith(types, type, false) ?? placeWith(types, type, true) ?? unplaceable(type);
  placements.set(type, placed);
  return placed;
}

function unplaceable({ kind, name }: Composite): never {
  throw new BtfError(`C of ${kind} ${name}: no compiler would lay it out so`);
}

function placeWith(types: TypeReader, type: Composite, isPacked: boolean): Placement | undefined {
  return type.kind === "union"
    ? placeUnion(types, type, isPacked)
    : placeStruct(types, type, isPacked);
}

function placeUnion(types: TypeReader, type: Composite, isPacked: boolean): Placement | undefined {
  let [size, alignment] = [0, 1];
  for (const member of type.members) {
    if (member.bitOffset !== 0) return undefined;
    const bits = member.bitFieldSize;
    size = Math.max(size, bits === 0 ? types.sizeOf(member.type) : Math.ceil(bits / 8));
    if (!isPacked) alignment = Math.max(alignment, alignmentOf(types, member.type, 0));
  }
  const places: Place[] = type.members.map((member) => ({ kind: "member", member }));
  const natural = roundUp(size, alignment);
  if (natural === type.sizeBytes) return { places, isPacked };
  if (natural > type.sizeBytes || type.sizeBytes % alignment !== 0) return undefined;
  places.push({ kind: "bytes", name: padName(type, 0), count: type.sizeBytes });
  return { places, isPacked };
}

function placeStruct(types: TypeReader, type: Composite, isPacked: boolean): Placement | undefined {
  const places: Place[] = [];
  let [at, alignment] = [0, 1];
  for (const member of type.members) {
    const own = isPacked ? 1 : alignmentOf(types, member.type, 0);
    alignment = Math.max(alignment, own);
    if (naturalOffset(types, member, at, own, isPacked) !== member.bitOffset) {
      if (member.bitOffset < at) return undefined;
      pad(places, type, at, member.bitOffset);
      const padded = naturalOffset(types, member, member.bitOffset, own, isPacked);
      if (padded !== member.bitOffset) return undefined;
    }
    places.push({ kind: "member", member });
    const size = member.bitFieldSize === 0 ? 8 * types.sizeOf(member.type) : member.bitFieldSize;
    at = member.bitOffset + size;
  }
  const natural = roundUp(Math.ceil(at / 8), alignment);
  if (natural === type.sizeBytes) return { places, isPacked };
  if (natural > type.sizeBytes || type.sizeBytes % alignment !== 0) return undefined;
  pad(places, type, at, 8 * type.sizeBytes);
  return { places, isPacked };
}

/** Where a compiler puts a member that follows what ends at a bit. */
function naturalOffset(
  types: TypeReader,
  { type, bitFieldSize }: BtfMember,
  at: number,
  alignment: number,
  isPacked: boolean,
): number {
  if (bitFieldSize === 0) return roundUp(at, 8 * alignment);
  const unit = 8 * types.sizeOf(type);
  // A bit-field does not lie across the boundary of its type.
  const crosses = (at % unit) + bitFieldSize > unit;
  return crosses && !isPacked ? roundUp(at, unit) : at;
}

/** Bits up to the next byte, then bytes, then bits: none of them is of a type that would have to be aligned. */
function pad(places: Place[], type: Composite, from: number, to: number): void {
  let at = from;
  if (at % 8 !== 0) {
    const count = Math.min(to, roundUp(at, 8)) - at;
    places.push({ kind: "bits", count });
    at += count;
  }
  const count = Math.floor((to - at) / 8);
  if (count > 0) {
    places.push({ kind: "bytes", name: padName(type, at / 8), count });
    at += 8 * count;
  }
  if (to > at) places.push({ kind: "bits", count: to - at });
}

/** No other member is called so. */
function padName({ members }: Composite, offset: number): string {
  let name = `__pad${offset}`;
  while (members.some((member) => member.name === name)) name += "_";
  return name;
}

/** In bytes, of what `placeMembers` makes of a type. */
function alignmentOf(types: TypeReader, id: BtfTypeId, depth: number): number {
  if (depth > deepestNesting) throw new BtfError(`alignment of BTF type ${id}: it has no end`);
  const type = types.type(types.resolve(id));
  switch (type.kind) {
    case "int":
    case "enum":
    case "enum64":
    case "float":
      return powerOfTwo(type.sizeBytes);
    case "ptr":
      return types.pointerSizeBytes;
    case "array":
      return alignmentOf(types, type.element, depth + 1);
    case "struct":
    case "union": {
      if (placeMembers(types, type).isPacked) return 1;
      const all = type.members.map((member) => alignmentOf(types, member.type, depth + 1));
      return Math.max(1, ...all);
    }
    default:
      return 1;
  }
}

function powerOfTwo(sizeBytes: number): number {
  return sizeBytes >= 16 ? 16 : sizeBytes >= 8 ? 8 : sizeBytes >= 4 ? 4 : sizeBytes >= 2 ? 2 : 1;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
