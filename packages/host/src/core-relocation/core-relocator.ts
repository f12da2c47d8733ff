import { type MachineCode } from "../asm/machine-code.js";
import { BtfError } from "../btf/btf-error.js";
import { essentialName } from "../btf/essential-name.js";
import { type CoreRelocation } from "../btf/ext-info.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfTypeId } from "../btf/types.js";
import { compatibleKinds, type Located } from "./compatible-types.js";
import { CoreRelocationError } from "./core-relocation-error.js";
import { decideRelocation, parseAccess, requireKind } from "./decide-relocation.js";
import { describeRelocation } from "./describe-relocation.js";
import { patchInstruction } from "./patch-instruction.js";
import { type RelocationKind } from "./relocation-kinds.js";

/** Where the target's types are: its kernel's own and, looked at for what that lacks, those of its modules. */
export interface TargetTypes {
  readonly kernel: TypeReader;
  readonly modules: readonly { readonly name: string; readonly types: TypeReader }[];
}

/** What became of one relocation. */
export interface Relocated {
  readonly kind: RelocationKind;
  /** "offset of struct task_struct.mm". */
  readonly what: string;
  /** Undefined: the target has no such thing. */
  readonly value: bigint | undefined;
  /** Set: the instruction must not be reached, and why. */
  readonly poisoned: string | undefined;
}

/** Fits the instructions of one object to one target. */
export class CoreRelocator {
  readonly #local: TypeReader;
  readonly #target: TargetTypes;
  readonly #byteOrder: "little" | "big";
  /** By the object's type: those of the target that it may be. Each relocation that finds its field leaves fewer. */
  readonly #candidates = new Map<BtfTypeId, readonly Located[]>();

  constructor(local: TypeReader, target: TargetTypes, byteOrder: "little" | "big") {
    this.#local = local;
    this.#target = target;
    this.#byteOrder = byteOrder;
  }

  /** Changes the instruction of a relocation. Throws CoreRelocationError. */
  relocate(code: MachineCode, slot: number, relocation: CoreRelocation): Relocated {
    try {
      const kind = requireKind(relocation);
      const access = parseAccess(this.#local, relocation);
      const candidates = kind === "localTypeId" ? [] : this.#findCandidates(relocation.type);
      const decision = decideRelocation(kind, access, candidates, this.#byteOrder);
      if (kind !== "localTypeId") this.#candidates.set(relocation.type, decision.candidates);
      const poisoned = patchInstruction(code, slot, decision);
      const what = describeRelocation(this.#local, relocation);
      return { kind, what, value: decision.relocated?.value, poisoned };
    } catch (error) {
      if (!(error instanceof CoreRelocationError) && !(error instanceof BtfError)) throw error;
      throw new CoreRelocationError(`${this.#describe(relocation)}: ${error.message}`, {
        cause: error,
      });
    }
  }

  #findCandidates(type: BtfTypeId): readonly Located[] {
    const known = this.#candidates.get(type);
    if (known !== undefined) return known;
    const local = this.#local.outline(type);
    const name = "name" in local ? essentialName(local.name) : "";
    if (name === "") throw new CoreRelocationError("a type without a name cannot be found");
    const kinds = compatibleKinds(local.kind);
    const modules = this.#target.modules.map(({ types }) => types);
    for (const source of [[this.#target.kernel], modules]) {
      const found = source.flatMap((types) =>
        types.candidates(name, kinds).map((id) => ({ types, id })),
      );
      // What the kernel itself has, its modules mean, too.
      if (found.length > 0) return found;
    }
    return [];
  }

  #describe(relocation: CoreRelocation): string {
    try {
      return describeRelocation(this.#local, relocation);
    } catch (error) {
      // Malformed: then its numbers have to do.
      if (!(error instanceof CoreRelocationError) && !(error instanceof BtfError)) throw error;
      return `relocation ${relocation.kind} of type ${relocation.type}, "${relocation.access}"`;
    }
  }
}
