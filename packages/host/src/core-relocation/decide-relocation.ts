import { type CoreRelocation } from "../btf/ext-info.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type Access, parseEnumeratorAccess, parseFieldAccess } from "./access.js";
import { areTypesCompatible, type Located } from "./compatible-types.js";
import { CoreRelocationError } from "./core-relocation-error.js";
import { matchEnumeratorAccess, matchFieldAccess } from "./match-access.js";
import { doTypesMatch } from "./matching-types.js";
import { type RelocatedValue, valueOf } from "./relocated-value.js";
import { relocationKinds, type RelocationKind, subjectOf } from "./relocation-kinds.js";

/** What is to become of an instruction. */
export interface Decision {
  readonly kind: RelocationKind;
  /** What the compiler wrote; undefined where that is not known. */
  readonly original: RelocatedValue | undefined;
  /** What the target needs; undefined: it has no such thing, and the instruction must not be reached. */
  readonly relocated: RelocatedValue | undefined;
  /** The candidates that have it: all others are out for later relocations of the same type. */
  readonly candidates: readonly Located[];
}

/** The object's access of a relocation. Throws CoreRelocationError, BtfError. */
export function parseAccess(types: TypeReader, relocation: CoreRelocation): Access {
  switch (subjectOf(requireKind(relocation))) {
    case "field":
      return parseFieldAccess(types, relocation.type, relocation.access);
    case "enumerator":
      return parseEnumeratorAccess(types, relocation.type, relocation.access);
    case "type":
      if (relocation.access !== "0") {
        throw new CoreRelocationError(`access "${relocation.access}" to a type as a whole`);
      }
      return { types, root: relocation.type, steps: [], bitOffset: 0 };
  }
}

/** Throws CoreRelocationError. */
export function requireKind({ kind }: CoreRelocation): RelocationKind {
  const name = relocationKinds[kind];
  if (name === undefined) throw new CoreRelocationError(`a relocation of the unknown kind ${kind}`);
  return name;
}

/**
 * Decides by all candidates, which have to agree on where the field is and on the value. Throws CoreRelocationError where
 * they do not, BtfError.
 */
export function decideRelocation(
  kind: RelocationKind,
  local: Access,
  candidates: readonly Located[],
  byteOrder: "little" | "big",
): Decision {
  const original = valueOf(kind, local, byteOrder);
  if (kind === "localTypeId") {
    // The compiler's id may be out of date, when objects were joined.
    return { kind, original: undefined, relocated: original, candidates };
  }
  const matching: Located[] = [];
  let first: { readonly access: Access; readonly value: RelocatedValue | undefined } | undefined;
  for (const candidate of candidates) {
    const access = match(kind, local, candidate);
    if (access === undefined) continue;
    const value = valueOf(kind, access, byteOrder);
    matching.push(candidate);
    if (first === undefined) {
      first = { access, value };
    } else if (access.bitOffset !== first.access.bitOffset || value?.value !== first.value?.value) {
      throw new CoreRelocationError(
        `types ${first.access.root} and ${candidate.id} of the target, which have the same name, give it differently`,
      );
    }
  }
  if (first === undefined) {
    return { kind, original, relocated: valueOf(kind, undefined, byteOrder), candidates };
  }
  return { kind, original, relocated: first.value, candidates: matching };
}

function match(kind: RelocationKind, local: Access, candidate: Located): Access | undefined {
  switch (subjectOf(kind)) {
    case "field":
      return matchFieldAccess(local, candidate);
    case "enumerator":
      return matchEnumeratorAccess(local, candidate);
    case "type": {
      const own = { types: local.types, id: local.root };
      const isMatch =
        kind === "typeMatches" ? doTypesMatch(own, candidate) : areTypesCompatible(own, candidate);
      if (!isMatch) return undefined;
      return { types: candidate.types, root: candidate.id, steps: [], bitOffset: 0 };
    }
  }
}
