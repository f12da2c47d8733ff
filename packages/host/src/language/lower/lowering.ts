import { helpers } from "../../asm/helpers.js";
import { type FeatureName, type TargetDescription } from "../../spec/target-description.js";
import { type ValueType } from "../../spec/value-type.js";
import {
  type CheckedExpression,
  type CheckedProbe,
  type CheckedProgram,
  type CheckedStatement,
} from "../check/checked-program.js";
import { type RuntimeWarning } from "../check/runtime-warnings.js";
import { type AddressSpace } from "../check/type.js";
import { type Span } from "../syntax/span.js";
import { type Address, type IrCallback, type IrValue, type VirtualRegister } from "../ir.js";
import { type Frame } from "./frame.js";
import { type ProgramBuilder } from "./program-builder.js";
import { type TemporaryMemory } from "./temporary-memory.js";
import { type Loop, type VariableHomes } from "./variable-homes.js";

/** How records travel to the host. */
export type Channel =
  | {
      readonly kind: "ring";
      readonly sizeBytes: number;
      /** Ordinary records leave the ring's last eighth to control records. */
      readonly keepsRoomForControl: boolean;
    }
  | { readonly kind: "perf" };

/** Names of the maps that the compiler adds to the script's. */
export const ownMaps = {
  events: "events",
  /** Value: u64 lost records, u64 map updates that the kernel refused, u64 not 0 after exit(), u64 warnings. */
  loss: "loss",
  scratch: "scratch",
  startTime: "start_time",
} as const;

export const lossOffsets = {
  lostRecords: 0,
  refusedUpdates: 8,
  hasExited: 16,
  warnings: 24,
} as const;

/** What every part of the lowering of one function of a probe's program shares. */
export interface LoweringParts {
  readonly builder: ProgramBuilder;
  readonly target: TargetDescription;
  readonly program: CheckedProgram;
  readonly probe: CheckedProbe;
  readonly channel: Channel;
  readonly memory: TemporaryMemory;
  readonly builtins: KnownValues;
  readonly homes: VariableHomes;
  /** By scratch id; `undefined` for those that this function has nothing to do with. */
  readonly scratches: readonly (ScratchPlace | undefined)[];
  /** Some expression has `$x++` in it. */
  readonly variablesChangeInExpressions: boolean;
  /** Where the program ends, or a callback that ends it. */
  readonly endLabel: string;
  /** Of the innermost loop in this function. */
  readonly loop: { readonly breakLabel: string; readonly continueLabel: string } | undefined;
  /** `undefined` when there are no callbacks. */
  readonly frame: Frame | undefined;
  readonly callbacks: Callbacks;
  /** The callback that this function is; `undefined`: the program itself. */
  readonly name: string | undefined;
}

/** The functions that walk expressions stand here so that the parts can call each other through it. */
export interface Lowering extends LoweringParts {
  /** A value that lives in a register, extended to 64 bits as its type says. */
  value(expression: CheckedExpression): IrValue;
  /** Does what statements say. */
  statements(statements: readonly CheckedStatement[]): void;
  /** Goes on when the expression is not zero, to `target` otherwise. */
  jumpUnless(condition: CheckedExpression, target: string): void;
  /** Stores a value as maps and tuples hold it: strings padded with NULs, gaps of tuples zero. */
  store(expression: CheckedExpression, type: ValueType, address: Address): void;
  /** Tells of something that goes wrong where it stands; `code` is what a helper has given. */
  warn(span: Span, warning: RuntimeWarning, code?: IrValue): void;
  /** The same where something is different. */
  within(changes: Partial<LoweringParts>): Lowering;
  /** Makes a function of a loop's body: `write` emits it. */
  inCallback(loop: Loop, callback: CallbackBody): WrittenCallback;
}

export interface CallbackBody {
  readonly parameterCount: number;
  readonly write: (inner: Lowering, parameters: readonly VirtualRegister[]) => void;
  /** Where the loop's own variable is, when it is not one like others. */
  readonly variable?: (parameters: readonly VirtualRegister[]) => ScratchPlace;
}

export interface WrittenCallback {
  readonly name: string;
  /** Some statement in it ends the program. */
  readonly canEnd: boolean;
}

/** Callbacks of a program, in the order in which they are begun: what calls comes before what is called. */
export class Callbacks {
  readonly #functions = new Map<string, IrCallback | undefined>();

  /** A name for one that is about to be written. */
  begin(kind: string): string {
    const name = `${kind}_${this.#functions.size + 1}`;
    this.#functions.set(name, undefined);
    return name;
  }

  end(callback: IrCallback): void {
    this.#functions.set(callback.name, callback);
  }

  get list(): readonly IrCallback[] {
    return [...this.#functions.values()].filter((callback) => callback !== undefined);
  }
}

export type ScratchPlace =
  | { readonly kind: "register"; readonly register: VirtualRegister }
  /** 8 bytes of the frame: what a register would hold. */
  | { readonly kind: "frame"; readonly address: Address }
  | { readonly kind: "memory"; readonly address: Address }
  /** An entry of a map, as the kernel has it: its key and value are in two places. */
  | {
      readonly kind: "entry";
      readonly map: number;
      readonly key: () => Address;
      readonly value: () => Address;
    };

/** Values that stay the same as long as a program runs, by the name of what gives them, where they are known already. */
export class KnownValues {
  #values = new Map<string, IrValue>();

  /** The value known under this name; computed when it is not. */
  get(name: string, compute: () => IrValue): IrValue {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = compute();
    this.#values.set(name, value);
    return value;
  }

  /** Runs `write`, after which is known what was known before: for code that is not run every time. */
  during(write: () => void): void {
    const before = new Map(this.#values);
    write();
    this.#values = before;
  }

  /** What is known now, to return to. */
  snapshot(): ReadonlyMap<string, IrValue> {
    return new Map(this.#values);
  }

  restore(snapshot: ReadonlyMap<string, IrValue>): void {
    this.#values = new Map(snapshot);
  }
}

export function hasFeature(target: TargetDescription, feature: FeatureName): boolean {
  return target.features.includes(feature);
}

/** The helper of the clock that `nsecs` reads: boottime, or monotonic before 5.8. */
export function nowHelper(target: TargetDescription): number {
  return hasFeature(target, "ktime_get_boot_ns") ? helpers.ktime_get_boot_ns : helpers.ktime_get_ns;
}

/** The helper that copies memory of this kind. Before 5.5 there is one for both. */
export function memoryReader(target: TargetDescription, space: AddressSpace): number {
  if (!hasFeature(target, "probe_read_kernel")) return helpers.probe_read;
  return space === "user" ? helpers.probe_read_user : helpers.probe_read_kernel;
}

/**
 * The helper that copies a string which a pointer of the program's names. What is thought to be the kernel's may be a user's,
 * as an argument of a kprobe may: where an address tells, it decides.
 */
export function pointedStringReader(target: TargetDescription, space: AddressSpace): number {
  if (space === "kernel" && hasFeature(target, "probe_read")) return helpers.probe_read_str;
  return stringReader(target, space);
}

/** The helper that copies a string: its result is the length with NUL, or negative. */
export function stringReader(target: TargetDescription, space: AddressSpace): number {
  if (!hasFeature(target, "probe_read_kernel")) return helpers.probe_read_str;
  return space === "user" ? helpers.probe_read_user_str : helpers.probe_read_kernel_str;
}

/**
 * Whether another run of the same program can begin on this CPU before this one has ended: since 6.0 uprobe programs can
 * be preempted. All others are kept from it by the kernel, and all are where there is no ring buffer yet.
 */
export function canBePreempted(probe: CheckedProbe, target: TargetDescription): boolean {
  return probe.attachment.kind === "uprobe" && hasFeature(target, "ringbuf");
}
