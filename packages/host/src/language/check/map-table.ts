import { type RelatedPlace } from "../diagnostic.js";
import { type Span } from "../syntax/span.js";
import { type SeriesKeeps } from "../../spec/trace-layout.js";
import { mergeSlots, type Slot } from "./slot.js";
import { describeType, int8, isSameType } from "./type.js";

/** What an aggregation gathers, before it is known how it is stored. */
export type Aggregation =
  | { readonly kind: "count" }
  | {
      readonly kind: "sum";
      readonly isSigned: boolean;
    }
  | {
      readonly kind: "min" | "max" | "avg" | "stats";
      readonly isSigned: boolean;
    }
  | { readonly kind: "hist"; readonly bits: number }
  | {
      readonly kind: "lhist";
      readonly min: bigint;
      readonly max: bigint;
      readonly step: bigint;
    }
  | {
      readonly kind: "tseries";
      readonly keeps: SeriesKeeps;
      readonly isSigned: boolean;
      readonly intervalNanoseconds: bigint;
      readonly intervals: number;
    };

export type MapContents =
  | { readonly kind: "plain"; readonly slot: Slot }
  | { readonly kind: "aggregation"; readonly aggregation: Aggregation };

/** What is known of a map of the program's. */
export interface MapState {
  readonly name: string;
  /** `undefined` until it is used with keys or as having none. */
  readonly keys: { readonly slots: readonly Slot[]; readonly span: Span } | undefined;
  /** `undefined` until something is assigned. */
  readonly contents: { readonly contents: MapContents; readonly span: Span } | undefined;
  /** The program itself reads what an aggregation has come to, or whether it has begun. */
  readonly isRead?: true;
  /** A sum of numbers that may come to 0. */
  readonly mayBeZero?: true;
  /** Nothing is assigned to it, but it is read: it holds 0. */
  readonly isNeverAssigned?: true;
}

/** Why a use of a map does not go with another one. */
export interface MapConflict {
  readonly message: string;
  readonly related: readonly RelatedPlace[];
}

/**
 * The program's maps and what each use of one says of its type. Uses come in any order, so a program is checked again until
 * nothing changes here.
 */
export class MapTable {
  readonly #maps = new Map<string, MapState>();
  readonly #readFirst = new Map<string, Span>();
  readonly #targets = new Set<string>();
  #order: string[] = [];
  /** Something was learnt since this was last set to false. */
  changed = false;

  /** Names in alphabetical order: a map's id is its place. */
  get names(): readonly string[] {
    return this.#order;
  }

  get(name: string): MapState {
    let state = this.#maps.get(name);
    if (state === undefined) {
      state = { name, keys: undefined, contents: undefined };
      this.#set(state);
      this.#order = [...this.#maps.keys()].sort();
    }
    return state;
  }

  idOf(name: string): number {
    this.get(name);
    return this.#order.indexOf(name);
  }

  /** Whether something is assigned to a map of this name: those that are only read have no type. */
  isAssigned(name: string): boolean {
    return this.#maps.get(name)?.contents !== undefined;
  }

  /** Learns that the program reads an aggregation. */
  noteRead(name: string): void {
    const state = this.get(name);
    if (state.isRead !== true) this.#set({ ...state, isRead: true });
  }

  /** Learns that a number may be added to a sum that is no constant above 0. */
  noteMayBeZero(name: string): void {
    const state = this.get(name);
    if (state.mayBeZero !== true) this.#set({ ...state, mayBeZero: true });
  }

  /** Learns that a map's value is wanted to which nothing was assigned so far. */
  noteReadFirst(name: string, span: Span): void {
    if (!this.#readFirst.has(name)) this.#readFirst.set(name, span);
  }

  /** Learns that something is assigned to a map, even when it is not known yet what. */
  noteTarget(name: string): void {
    this.#targets.add(name);
  }

  /**
   * Once nothing more is learnt: one map of those that are read and have no type yet becomes one of numbers, if there is such
   * a map; one that nothing is assigned to before one whose values are made of others.
   */
  settleReadFirst(): void {
    const unknown = [...this.#readFirst.keys()].filter((name) => !this.isAssigned(name));
    const name = unknown.find((each) => !this.#targets.has(each)) ?? unknown[0];
    const span = name === undefined ? undefined : this.#readFirst.get(name);
    if (name === undefined || span === undefined) return;
    const contents: MapContents = { kind: "plain", slot: { type: int8 } };
    this.#set({ ...this.get(name), contents: { contents, span }, isNeverAssigned: true });
  }

  /** Learns from a use with these keys. */
  mergeKeys(name: string, slots: readonly Slot[], span: Span): MapConflict | undefined {
    const state = this.get(name);
    if (state.keys === undefined) {
      this.#set({ ...state, keys: { slots, span } });
      return undefined;
    }
    const known = state.keys.slots;
    const merged = slots.map((slot, index) => {
      const other = known[index];
      return other === undefined ? undefined : mergeSlots(other, slot);
    });
    const isConsistent = known.length === slots.length && !merged.includes(undefined);
    if (!isConsistent) {
      const related = [{ span: state.keys.span, message: `${name} ${describeKeys(known)} here` }];
      return {
        message: keyConflict(name, slots, known),
        related,
      };
    }
    const found = merged.filter((slot) => slot !== undefined);
    if (found.some((slot, index) => !isSameSlot(slot, known[index]))) {
      this.#set({ ...state, keys: { slots: found, span: state.keys.span } });
    }
    return undefined;
  }

  /** Learns from an assignment. */
  mergeContents(name: string, contents: MapContents, span: Span): MapConflict | undefined {
    const { isNeverAssigned, ...state } = this.get(name);
    if (state.contents === undefined) {
      this.#set({ ...state, contents: { contents, span } });
      return undefined;
    }
    const known = state.contents.contents;
    const merged = mergeContents(known, contents);
    if (merged === undefined) {
      const related = [
        { span: state.contents.span, message: `${name} holds ${describeContents(known)} here` },
      ];
      const message =
        differentForm(known, contents) ??
        `Type mismatch for ${name}: trying to assign value of type '${describeContents(contents)}' when map already has a type '${describeContents(known)}'`;
      return { message, related };
    }
    if (isNeverAssigned === true || !isSameContents(merged, known)) {
      this.#set({ ...state, contents: { contents: merged, span: state.contents.span } });
    }
    return undefined;
  }

  #set(state: MapState): void {
    this.#maps.set(state.name, state);
    this.changed = true;
  }
}

/** What is said of two aggregations of a kind whose numbers differ, in bpftrace's words. */
function differentForm(known: MapContents, added: MapContents): string | undefined {
  if (known.kind === "plain" || added.kind === "plain") return undefined;
  const { kind } = added.aggregation;
  if (kind !== known.aggregation.kind) return undefined;
  return kind === "hist"
    ? "Different bits in a single hist unsupported"
    : `Different ${kind} bounds in a single map unsupported`;
}

function mergeContents(known: MapContents, added: MapContents): MapContents | undefined {
  if (known.kind === "plain" && added.kind === "plain") {
    const slot = mergeSlots(known.slot, added.slot);
    return slot === undefined ? undefined : { kind: "plain", slot };
  }
  if (known.kind === "plain" || added.kind === "plain") return undefined;
  const [left, right] = [known.aggregation, added.aggregation];
  if (left.kind === "hist" && right.kind === "hist") {
    return left.bits === right.bits ? known : undefined;
  }
  if (left.kind === "lhist" && right.kind === "lhist") {
    const isSame = left.min === right.min && left.max === right.max && left.step === right.step;
    return isSame ? known : undefined;
  }
  if (left.kind !== right.kind) return undefined;
  if (!isSameSeries(left, right)) return undefined;
  return "isSigned" in right && right.isSigned ? added : known;
}

/** True also of what are no time series. */
function isSameSeries(left: Aggregation, right: Aggregation): boolean {
  if (left.kind !== "tseries" || right.kind !== "tseries") return true;
  return (
    left.keeps === right.keeps &&
    left.intervalNanoseconds === right.intervalNanoseconds &&
    left.intervals === right.intervals
  );
}

function isSameSlot(left: Slot, right: Slot | undefined): boolean {
  return (
    right !== undefined &&
    left.constantsUpTo === right.constantsUpTo &&
    isSameType(left.type, right.type)
  );
}

function isSameContents(left: MapContents, right: MapContents): boolean {
  if (left.kind === "plain" && right.kind === "plain") return isSameSlot(left.slot, right.slot);
  if (left.kind === "plain" || right.kind === "plain") return false;
  const isSigned = (aggregation: Aggregation): boolean =>
    "isSigned" in aggregation && aggregation.isSigned;
  return isSigned(left.aggregation) === isSigned(right.aggregation);
}

function keyConflict(name: string, slots: readonly Slot[], known: readonly Slot[]): string {
  const [without, having] = [
    "without an explicit key (scalar map)",
    "with an explicit key (non-scalar map)",
  ];
  if (slots.length === 0) return `${name} used as a map ${without}, previously used ${having}`;
  if (known.length === 0) return `${name} used as a map ${having}, previously used ${without}`;
  return `Argument mismatch for ${name}: trying to access with arguments: '${describeKey(slots)}' when map expects arguments: '${describeKey(known)}'`;
}

function describeKey(slots: readonly Slot[]): string {
  const types = slots.map(({ type }) => describeType(type));
  return types.length === 1 ? types.join("") : `(${types.join(",")})`;
}

function describeKeys(slots: readonly Slot[]): string {
  if (slots.length === 0) return "has no key";
  return `has the key [${slots.map(({ type }) => describeType(type)).join(", ")}]`;
}

function describeContents(contents: MapContents): string {
  if (contents.kind === "plain") return describeType(contents.slot.type);
  const { aggregation } = contents;
  switch (aggregation.kind) {
    case "hist":
      return aggregation.bits === 0 ? "hist_t" : `hist_t of ${aggregation.bits} bits`;
    case "lhist": {
      const { min, max, step } = aggregation;
      return `lhist_t from ${min} to ${max} by ${step}`;
    }
    case "tseries": {
      const { intervals, intervalNanoseconds, keeps } = aggregation;
      const kept = keeps === "last" ? "" : `, "${keeps}"`;
      return `tseries_t of ${intervals} intervals of ${intervalNanoseconds} ns${kept}`;
    }
    default:
      return `${aggregation.kind}_t`;
  }
}
