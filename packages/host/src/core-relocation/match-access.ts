import { essentialName } from "../btf/essential-name.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfTypeId } from "../btf/types.js";
import {
  type Access,
  type AccessStep,
  isEnumeration,
  isFlexible,
  memberOf,
  mostSteps,
} from "./access.js";
import { areFieldsCompatible, type Located } from "./compatible-types.js";
import { CoreRelocationError } from "./core-relocation-error.js";

/**
 * Follows the object's access in a candidate of the target's, member by name and element by index; undefined when the
 * candidate has no such thing, or one of another kind. Throws CoreRelocationError, BtfError.
 */
export function matchFieldAccess(local: Access, candidate: Located): Access | undefined {
  const { types } = candidate;
  const path = new MemberPath(types);
  let id = candidate.id;
  for (const [at, step] of local.steps.entries()) {
    id = types.resolve(id);
    if (step.name !== undefined) {
      const found = path.enter(local.types, step, id);
      if (found === undefined) return undefined;
      id = found;
      continue;
    }
    // The root itself stands for an element.
    if (at > 0) {
      const array = types.type(id);
      if (array.kind !== "array") return undefined;
      const isWithin = step.index < array.length || isFlexible(types, path.steps.at(-1), array);
      if (!isWithin) return undefined;
      id = types.resolve(array.element);
    }
    path.index(id, step.index);
  }
  return { types, root: candidate.id, steps: path.steps, bitOffset: path.bitOffset };
}

/** The enumerator of the same name in a candidate; undefined when it has none. Throws BtfError. */
export function matchEnumeratorAccess(local: Access, candidate: Located): Access | undefined {
  const { types } = candidate;
  const id = types.resolve(candidate.id);
  const type = types.type(id);
  const wanted = essentialName(local.steps[0]?.name ?? "");
  if (!isEnumeration(type)) return undefined;
  const index = type.values.findIndex(({ name }) => essentialName(name) === wanted);
  if (index < 0) return undefined;
  const step = { type: id, index, name: type.values[index]?.name };
  return { types, root: candidate.id, steps: [step], bitOffset: 0 };
}

/** The way into a candidate, as far as it has been found. */
class MemberPath {
  readonly steps: AccessStep[] = [];
  bitOffset = 0;
  readonly #types: TypeReader;
  /** Steps with those into members without names. */
  #depth = 0;

  constructor(types: TypeReader) {
    this.#types = types;
  }

  index(type: BtfTypeId, index: number): void {
    this.#descend();
    this.steps.push({ type, index, name: undefined });
    this.bitOffset += index * this.#types.sizeOf(type) * 8;
  }

  /** Into the member of the name, also within members without names; gives its type. */
  enter(localTypes: TypeReader, local: AccessStep, struct: BtfTypeId): BtfTypeId | undefined {
    const id = this.#types.resolve(struct);
    const type = this.#types.type(id);
    if (type.kind !== "struct" && type.kind !== "union") return undefined;
    for (const [index, member] of type.members.entries()) {
      if (member.name === local.name) {
        if (!isReadable(localTypes, local, { types: this.#types, id: member.type })) {
          return undefined;
        }
        this.#descend();
        this.bitOffset += member.bitOffset;
        this.steps.push({ type: id, index, name: member.name });
        return member.type;
      }
      if (member.name !== "") continue;
      this.#descend();
      this.bitOffset += member.bitOffset;
      const found = this.enter(localTypes, local, member.type);
      if (found !== undefined) return found;
      this.bitOffset -= member.bitOffset;
      this.#depth--;
    }
    return undefined;
  }

  #descend(): void {
    this.#depth++;
    if (this.#depth > mostSteps) {
      throw new CoreRelocationError("find a member: structs are nested too deep");
    }
  }
}

function isReadable(localTypes: TypeReader, local: AccessStep, target: Located): boolean {
  const member = memberOf(localTypes, local);
  if (member === undefined) return false;
  return areFieldsCompatible({ types: localTypes, id: member.type }, target);
}
