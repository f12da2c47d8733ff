import { type TypeReader } from "../btf/type-reader.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "../btf/types.js";
import { CoreRelocationError } from "./core-relocation-error.js";

/** More steps than any access that a person wrote has: struct bpf_core_spec of the kernel has room for so many. */
export const mostSteps = 64;

/** One step of an access: a member by its name, or an element by its index (the first step: of an array of the root). */
export interface AccessStep {
  /** For a member: the struct that it is in. For an element: its type. */
  readonly type: BtfTypeId;
  readonly index: number;
  readonly name: string | undefined;
}

/** What an instruction refers to, among the types that it is of: "task_struct.thread.fpu[2]". */
export interface Access {
  readonly types: TypeReader;
  readonly root: BtfTypeId;
  readonly steps: readonly AccessStep[];
  /** From the start of the root. */
  readonly bitOffset: number;
}

type Composite = Extract<BtfType, { readonly kind: "struct" | "union" }>;
type Enumeration = Extract<BtfType, { readonly kind: "enum" | "enum64" }>;
type ArrayType = Extract<BtfType, { readonly kind: "array" }>;

/**
 * Parses what clang wrote of an access to a field: indexes joined by colons, the first into an array of the root, the
 * others of members (also of those without names) and elements. Throws CoreRelocationError, BtfError.
 */
export function parseFieldAccess(types: TypeReader, root: BtfTypeId, text: string): Access {
  const indexes = parseIndexes(text);
  const [first, ...rest] = indexes;
  let id = types.resolve(root);
  const steps: AccessStep[] = [{ type: id, index: first, name: undefined }];
  let bitOffset = first * types.sizeOf(id) * 8;
  for (const index of rest) {
    id = types.resolve(id);
    const type = types.type(id);
    if (type.kind === "struct" || type.kind === "union") {
      const member = requireMember(type, index, text);
      bitOffset += member.bitOffset;
      if (member.name !== "") steps.push({ type: id, index, name: member.name });
      id = member.type;
    } else if (type.kind === "array") {
      if (index >= type.length && !isFlexible(types, steps.at(-1), type)) {
        throw new CoreRelocationError(`access "${text}": element ${index} of ${type.length}`);
      }
      id = types.resolve(type.element);
      steps.push({ type: id, index, name: undefined });
      bitOffset += index * types.sizeOf(id) * 8;
    } else {
      throw new CoreRelocationError(`access "${text}": it goes into a ${type.kind}`);
    }
  }
  return { types, root, steps, bitOffset };
}

/** The enumerator that clang's text names by its index. Throws CoreRelocationError, BtfError. */
export function parseEnumeratorAccess(types: TypeReader, root: BtfTypeId, text: string): Access {
  const [index, ...rest] = parseIndexes(text);
  const id = types.resolve(root);
  const type = types.type(id);
  const value = isEnumeration(type) ? type.values[index] : undefined;
  if (rest.length > 0 || value === undefined) {
    throw new CoreRelocationError(`access "${text}": it is no value of an enum`);
  }
  return { types, root, steps: [{ type: id, index, name: value.name }], bitOffset: 0 };
}

export function isEnumeration(type: BtfType): type is Enumeration {
  return type.kind === "enum" || type.kind === "enum64";
}

/** Whether an array without elements is the last member of its struct, so that any index is within it. */
export function isFlexible(
  types: TypeReader,
  step: AccessStep | undefined,
  array: ArrayType,
): boolean {
  if (step?.name === undefined || array.length > 0) return false;
  const outer = types.type(step.type);
  const isComposite = outer.kind === "struct" || outer.kind === "union";
  return isComposite && step.index === outer.members.length - 1;
}

/** The member that a step stands for. */
export function memberOf(types: TypeReader, step: AccessStep): BtfMember | undefined {
  const type = types.type(step.type);
  return type.kind === "struct" || type.kind === "union" ? type.members[step.index] : undefined;
}

function requireMember(type: Composite, index: number, text: string): BtfMember {
  const member = type.members[index];
  if (member === undefined) {
    throw new CoreRelocationError(
      `access "${text}": ${type.kind} ${type.name} has ${type.members.length} members`,
    );
  }
  return member;
}

function parseIndexes(text: string): readonly [number, ...number[]] {
  const [first, ...rest] = text.split(":").map(parseIndex);
  if (first === undefined || rest.length >= mostSteps || [first, ...rest].some(Number.isNaN)) {
    throw new CoreRelocationError(`access "${text}": not a list of indexes`);
  }
  return [first, ...rest];
}

function parseIndex(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : NaN;
}
