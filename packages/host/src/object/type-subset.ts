import { encodeBtf } from "../btf/encode-btf.js";
import { essentialName } from "../btf/essential-name.js";
import { type CoreRelocation } from "../btf/ext-info.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { type Access } from "../core-relocation/access.js";
import { compatibleKinds } from "../core-relocation/compatible-types.js";
import { CoreRelocationError } from "../core-relocation/core-relocation-error.js";
import {
  decideRelocation,
  parseAccess,
  requireKind,
} from "../core-relocation/decide-relocation.js";
import { matchFieldAccess } from "../core-relocation/match-access.js";
import { subjectOf } from "../core-relocation/relocation-kinds.js";
import { ObjectError } from "./object-error.js";
import { type ObjectFile } from "./object-file.js";

/** Of types that are kept as a whole: how far what they are made of is kept, too. */
const mostNesting = 6;

/**
 * The types of a target that objects need to be fitted to it, as BTF: structs with the members that are read, enumerations, and
 * what these are made of. Ids are not those of the target. Throws ObjectError, BtfError.
 */
export function subsetTypes(target: TypeReader, files: readonly ObjectFile[]): Uint8Array {
  const keeper = new TypeKeeper(target);
  for (const file of files) {
    const { types, info, byteOrder } = file;
    if (types === undefined || info === undefined) continue;
    for (const relocations of info.relocations.values()) {
      for (const relocation of relocations)
        keepFor(keeper, target, file.name, types, relocation, byteOrder);
    }
  }
  return encodeBtf(keeper.types(), files[0]?.byteOrder ?? "little");
}

function keepFor(
  keeper: TypeKeeper,
  target: TypeReader,
  object: string,
  local: TypeReader,
  relocation: CoreRelocation,
  byteOrder: "little" | "big",
): void {
  try {
    const kind = requireKind(relocation);
    if (kind === "localTypeId") return;
    const access = parseAccess(local, relocation);
    const type = local.outline(relocation.type);
    const name = "name" in type ? essentialName(type.name) : "";
    const ids = target.candidates(name, compatibleKinds(type.kind));
    const found = ids.map((id) => ({ types: target, id }));
    const { candidates } = decideRelocation(kind, access, found, byteOrder);
    for (const candidate of candidates) {
      const isField = subjectOf(kind) === "field";
      const path = isField ? matchFieldAccess(access, candidate) : undefined;
      if (path !== undefined) keeper.keepPath(path);
      // Also one that has no such field: then it is known that it has none.
      else if (isField) keeper.keep(candidate.id);
      else keeper.keepWhole(candidate.id, 0);
    }
  } catch (error) {
    if (!(error instanceof CoreRelocationError)) throw error;
    throw new ObjectError(`object ${object}: ${error.message}`, { cause: error });
  }
}

/** Which types, and which members of them, are kept. */
class TypeKeeper {
  readonly #target: TypeReader;
  /** By type: the indexes of its members. */
  readonly #members = new Map<BtfTypeId, Set<number>>();
  readonly #whole = new Set<BtfTypeId>();
  readonly #ids = new Map<BtfTypeId, BtfTypeId>([[0, 0]]);
  readonly #written: BtfType[] = [];

  constructor(target: TypeReader) {
    this.#target = target;
  }

  keep(id: BtfTypeId): void {
    const resolved = this.#target.resolve(id);
    if (!this.#members.has(id)) this.#members.set(id, new Set());
    if (!this.#members.has(resolved)) this.#members.set(resolved, new Set());
  }

  keepWhole(id: BtfTypeId, depth: number): void {
    this.keep(id);
    const resolved = this.#target.resolve(id);
    if (this.#whole.has(resolved) || depth > mostNesting) return;
    this.#whole.add(resolved);
    const type = this.#target.type(resolved);
    if (type.kind !== "struct" && type.kind !== "union") return;
    for (const [index, member] of type.members.entries()) {
      this.#members.get(resolved)?.add(index);
      this.keepWhole(member.type, depth + 1);
    }
  }

  /** Every struct on the way, with the member that the way goes through. */
  keepPath({ root, steps }: Access): void {
    this.keep(root);
    let id = this.#target.resolve(root);
    for (const { type, index, name } of steps) {
      if (name === undefined) {
        id = this.#target.resolve(type);
        continue;
      }
      this.#keepWay(id, type);
      this.#keepMember(type, index);
      const composite = this.#target.type(type);
      const member = "members" in composite ? composite.members[index] : undefined;
      if (member !== undefined) id = this.#elementOf(member.type);
    }
  }

  /** What an array is of; the type itself when it is none. */
  #elementOf(id: BtfTypeId): BtfTypeId {
    let current = this.#target.resolve(id);
    for (let depth = 0; depth < 64; depth++) {
      const type = this.#target.type(current);
      if (type.kind !== "array") return current;
      current = this.#target.resolve(type.element);
    }
    return current;
  }

  #keepMember(id: BtfTypeId, index: number): void {
    this.keep(id);
    this.#members.get(id)?.add(index);
  }

  /** The members without names that lead from a struct to one within it. */
  #keepWay(from: BtfTypeId, to: BtfTypeId): boolean {
    if (from === to) return true;
    const type = this.#target.type(from);
    if (type.kind !== "struct" && type.kind !== "union") return false;
    for (const [index, member] of type.members.entries()) {
      if (member.name !== "") continue;
      if (!this.#keepWay(this.#target.resolve(member.type), to)) continue;
      this.#keepMember(from, index);
      return true;
    }
    return false;
  }

  types(): readonly BtfType[] {
    // By it a reader knows the size of pointers.
    this.#written.push({
      kind: "int",
      name: "long unsigned int",
      sizeBytes: this.#target.pointerSizeBytes,
      isSigned: false,
      isCharacter: false,
      isBoolean: false,
      bits: 8 * this.#target.pointerSizeBytes,
      bitOffset: 0,
    });
    for (const id of [...this.#members.keys()].sort((left, right) => left - right)) this.#write(id);
    return this.#written;
  }

  /** Gives its new id. */
  #write(id: BtfTypeId): BtfTypeId {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const type = this.#target.type(id);
    const place = this.#written.push({ kind: "void" });
    this.#ids.set(id, place);
    this.#written[place - 1] = this.#kept(id, type);
    return place;
  }

  #kept(id: BtfTypeId, type: BtfType): BtfType {
    switch (type.kind) {
      case "struct":
      case "union": {
        const wanted = this.#members.get(id) ?? new Set();
        const members = type.members
          .filter((_, index) => wanted.has(index))
          .map((member) => ({ ...member, type: this.#write(member.type) }));
        return { ...type, members };
      }
      case "ptr": {
        const isKept = this.#members.has(this.#target.resolve(type.to));
        return { ...type, to: isKept ? this.#write(type.to) : 0 };
      }
      case "array":
        return { ...type, element: this.#write(type.element), index: this.#write(type.index) };
      case "typedef":
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        return { ...type, to: this.#write(type.to) };
      case "func_proto":
        return {
          ...type,
          returns: this.#write(type.returns),
          parameters: type.parameters.map((one) => ({ ...one, type: this.#write(one.type) })),
        };
      case "func":
        return { ...type, prototype: this.#write(type.prototype) };
      case "var":
      case "decl_tag":
        return { ...type, type: this.#write(type.type) };
      default:
        return type;
    }
  }
}
