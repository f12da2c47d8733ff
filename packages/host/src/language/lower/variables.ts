import { InternalError } from "../../asm/internal-error.js";
import {
  type CheckedExpressionOf,
  type CheckedProbe,
  type CheckedStatement,
} from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type IrValue } from "../ir.js";
import { type Frame } from "./frame.js";
import { type Lowering, type ScratchPlace } from "./lowering.js";
import { zeroMemory } from "./memory-copy.js";
import { behind, constant, moved, type ProgramBuilder } from "./program-builder.js";
import { type TemporaryMemory } from "./temporary-memory.js";
import { type Home, type VariableHomes } from "./variable-homes.js";

/** A function whose variables are given places. */
export interface FunctionVariables {
  readonly probe: CheckedProbe;
  readonly home: Home;
  readonly homes: VariableHomes;
  readonly builder: ProgramBuilder;
  readonly memory: TemporaryMemory;
  readonly frame: Frame | undefined;
}

/** What does not find room in a register goes to the stack, which has 512 bytes: of very many variables the last are in the scratch map. */
const mostInRegisters = 32;

/** Where a function finds the variables that it mentions, by scratch id. */
export function placeVariables(input: FunctionVariables): readonly (ScratchPlace | undefined)[] {
  const { probe, home, homes, builder, memory } = input;
  const addressed = findAddressed(probe);
  let inRegisters = 0;
  return probe.scratches.map(({ name, type }, scratch): ScratchPlace | undefined => {
    if (homes.shared.has(scratch)) return placeShared(input, scratch);
    if (homes.homes.get(scratch) !== home || homes.entries.has(scratch)) return undefined;
    if (fitsRegister(type)) {
      if (addressed.has(scratch)) {
        return { kind: "frame", address: memory.forGood(8, `$${name}`) };
      }
      inRegisters += 1;
      return inRegisters > mostInRegisters && memory.use !== "none"
        ? { kind: "frame", address: memory.outerScratch(memory.scratchForGood(8)) }
        : { kind: "register", register: builder.register() };
    }
    const address = memory.forGood(sizeOfValue(valueTypeOf(type)), `$${name}`);
    return { kind: "memory", address };
  });
}

function placeShared(
  { probe, homes, builder, memory, frame }: FunctionVariables,
  scratch: number,
): ScratchPlace {
  const type = probe.scratches[scratch]?.type;
  const kept = frame?.layout.inScratch.get(scratch);
  if (kept !== undefined) {
    const kind = type !== undefined && fitsRegister(type) ? "frame" : "memory";
    return { kind, address: memory.outerScratch(kept) };
  }
  const offset = frame?.layout.variables.get(scratch);
  if (frame === undefined || offset === undefined || type === undefined) {
    throw new InternalError(`variable ${scratch} has no place in the frame`);
  }
  const address = moved(frame.address, offset);
  const entry = homes.entries.get(scratch);
  if (entry !== undefined) {
    return {
      kind: "entry",
      map: entry.map,
      key: () => behind(builder.load(address, 8, false)),
      value: () => behind(builder.load(moved(address, 8), 8, false)),
    };
  }
  return { kind: fitsRegister(type) ? "frame" : "memory", address };
}

/** Variables are zero until they are assigned. What nobody reads before it is written costs nothing in a register. */
export function clearVariables(lowering: Lowering, { homes }: VariableHomes, home: Home): void {
  const { builder, probe, scratches } = lowering;
  const body = home === undefined ? probe.body : home.body;
  scratches.forEach((place, scratch) => {
    const type = probe.scratches[scratch]?.type;
    if (place === undefined || type === undefined || homes.get(scratch) !== home) return;
    const isLoopVariable = home !== undefined && home.kind !== "while" && home.scratch === scratch;
    if (isLoopVariable || place.kind === "entry") return;
    if (place.kind === "register") {
      builder.move(place.register, constant(0));
    } else if (!isAssignedFirst(body, scratch)) {
      const sizeBytes = place.kind === "frame" ? 8 : sizeOfValue(valueTypeOf(type));
      zeroMemory(lowering, place.address, sizeBytes);
    }
  });
}

/** The first statement that has to do with the variable gives it a value, without looking at the old one. */
function isAssignedFirst(body: readonly CheckedStatement[], scratch: number): boolean {
  const first = body.find((statement) => mentionsVariable(statement, scratch));
  return (
    first?.kind === "assign" &&
    first.operation === undefined &&
    first.target.kind === "scratch" &&
    first.target.scratch === scratch &&
    !mentionsVariable(first.value, scratch)
  );
}

/** Whether a variable stands anywhere in a part of a program. */
export function mentionsVariable(node: unknown, scratch: number): boolean {
  if (typeof node !== "object" || node === null) return false;
  if ("scratch" in node && node.scratch === scratch) return true;
  return Object.entries(node).some(
    ([key, part]) => key !== "type" && key !== "span" && mentionsVariable(part, scratch),
  );
}

/** What a variable that fits in a register holds; a register itself, so that it has to be copied to be kept. */
export function currentValue(
  { builder, scratches }: Lowering,
  scratch: number,
): Extract<IrValue, { readonly kind: "virtual" }> {
  const place = scratches[scratch];
  if (place?.kind === "register") return place.register;
  if (place?.kind === "frame") return builder.load(place.address, 8, false);
  throw new InternalError(`variable ${scratch} is in no register`);
}

/** Gives a variable a value that is extended as its type says. */
export function setVariable(
  { builder, scratches }: Lowering,
  scratch: number,
  value: IrValue,
): void {
  const place = scratches[scratch];
  if (place?.kind === "register") builder.move(place.register, value);
  else if (place?.kind === "frame") builder.store(place.address, 8, value);
  else throw new InternalError(`variable ${scratch} is in no register`);
}

/** Variables whose address is taken: they are in no register. */
function findAddressed(probe: CheckedProbe): ReadonlySet<number> {
  const found = new Set<number>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("kind" in node && node.kind === "variableAddress" && "scratch" in node) {
      found.add(Number(node.scratch));
    }
    for (const [key, part] of Object.entries(node)) {
      if (key !== "type" && key !== "span") visit(part);
    }
  };
  visit(probe.predicate);
  visit(probe.body);
  return found;
}

/** `&$x`. Numbers are kept in 8 bytes, of which a narrower one is the low ones. */
export function variableAddress(
  { builder, scratches, target }: Lowering,
  { scratch, type }: CheckedExpressionOf<"variableAddress">,
): IrValue {
  const place = scratches[scratch];
  if (place?.kind === "memory") return builder.numberOf(place.address);
  if (place?.kind !== "frame") throw new InternalError(`variable ${scratch} is not in memory`);
  const sizeBytes = type.target === undefined ? 8 : sizeOfValue(valueTypeOf(type.target));
  const isBig = target.byteOrder === "big";
  return builder.numberOf(isBig ? moved(place.address, 8 - sizeBytes) : place.address);
}
