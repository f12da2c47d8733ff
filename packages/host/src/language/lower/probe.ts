import { type TargetDescription } from "../../spec/target-description.js";
import {
  type CheckedProbe,
  type CheckedProgram,
  type CheckedStatement,
} from "../check/checked-program.js";
import { type IrProgram } from "../ir.js";
import { builtin } from "./builtin.js";
import { createLowering } from "./create-lowering.js";
import { type Frame, frameOffsets, layOutFrame } from "./frame.js";
import { claimExit, endAfterExit } from "./loss.js";
import {
  Callbacks,
  canBePreempted,
  type Channel,
  hasFeature,
  KnownValues,
  type Lowering,
} from "./lowering.js";
import { constant, moved, ProgramBuilder } from "./program-builder.js";
import { enterScratch, leaveScratch, scratchElementCount } from "./scratch-element.js";
import { filterSystemCalls } from "./system-calls.js";
import { lowerStatements } from "./statement.js";
import { type ScratchUse, TemporaryMemory, wholeStackBudgetBytes } from "./temporary-memory.js";
import { findHomes, type VariableHomes } from "./variable-homes.js";
import { clearVariables, placeVariables } from "./variables.js";

export interface ProbeInput {
  readonly program: CheckedProgram;
  readonly probe: CheckedProbe;
  readonly target: TargetDescription;
  readonly channel: Channel;
  /** Only this process is traced. */
  readonly pid: number | undefined;
  readonly name: string;
  /** The program's first element of the scratch map, should it need one. */
  readonly scratchIndex: number;
}

export interface LoweredProbe {
  readonly ir: IrProgram;
  /** What the program uses of an element of the scratch map. */
  readonly scratchBytes: number;
  /** From the index that was given on. */
  readonly scratchElements: number;
}

/** Writes one probe as a program: filters first, then the body, then what seldom happens. */
export function lowerProbe(input: ProbeInput): LoweredProbe {
  const { probe, target, program, channel } = input;
  const builder = new ProgramBuilder();
  const endLabel = builder.newLabel("end");
  const homes = findHomes(probe.body, target);
  const use = scratchUseOf(probe, target);
  const memory = new TemporaryMemory(builder, { use, stackBudgetBytes: stackBudget(homes) });
  const frame = makeFrame(probe, homes, builder, memory);
  const scratches = placeVariables({ probe, home: undefined, homes, builder, memory, frame });
  const callbacks = new Callbacks();
  const lowering = createLowering({
    ...{ builder, target, program, probe, channel, memory, homes, scratches, endLabel, frame },
    builtins: new KnownValues(),
    variablesChangeInExpressions: probe.body.some(changesInExpression),
    loop: undefined,
    callbacks,
    name: undefined,
  });
  const filteredLabel = builder.newLabel("filtered");
  const scratchBefore = memory.scratchBytes;
  filterSystemCalls(lowering, filteredLabel);
  endAfterExit(lowering, filteredLabel);
  if (probe.attachment.kind === "iterator") skipEnd(lowering, filteredLabel);
  filterProcess(lowering, input.pid, filteredLabel);
  if (probe.predicate !== undefined) lowering.jumpUnless(probe.predicate, filteredLabel);
  claimExit(lowering, filteredLabel);
  const prologue = memory.scratchBytes > scratchBefore ? 0 : builder.position;
  clearVariables(lowering, homes, undefined);
  lowerStatements(lowering, probe.body);
  builder.label(endLabel);
  leaveScratch(lowering);
  builder.label(filteredLabel);
  // A tracepoint's program that returns 0 hides the event from perf.
  builder.exit(probe.programType === "tracepoint" ? 1n : 0n);
  builder.insertAt(prologue, () => {
    enterScratch(lowering, input.scratchIndex, filteredLabel);
    fillFrame(lowering);
  });
  const ir = builder.finish(input.name);
  return {
    ir: callbacks.list.length === 0 ? ir : { ...ir, callbacks: callbacks.list },
    scratchBytes: memory.scratchBytes,
    scratchElements: scratchElementCount(lowering),
  };
}

function scratchUseOf(probe: CheckedProbe, target: TargetDescription): ScratchUse {
  if (!canBePreempted(probe, target)) return "own";
  return hasFeature(target, "atomic_fetch") ? "claimed" : "none";
}

/** All functions that call each other share the stack. */
function stackBudget({ depth }: VariableHomes): number {
  return depth === 0 ? wholeStackBudgetBytes : Math.floor(512 / (depth + 1)) - 64;
}

/** In the program's own stack, with places for what it shares with its callbacks. */
function makeFrame(
  probe: CheckedProbe,
  homes: VariableHomes,
  builder: ProgramBuilder,
  memory: TemporaryMemory,
): Frame | undefined {
  const layout = layOutFrame(probe, homes, (sizeBytes) =>
    memory.use === "none" ? undefined : memory.scratchForGood(sizeBytes),
  );
  if (layout === undefined) return undefined;
  const slot = builder.allocateSlot(layout.sizeBytes, "frame");
  return { address: { kind: "slot", slot, offset: 0 }, layout };
}

function fillFrame({ builder, frame, memory }: Lowering): void {
  if (frame === undefined) return;
  const context = builder.addressOf({ kind: "context", offset: 0 });
  builder.store(moved(frame.address, frameOffsets.context), 8, context);
  if (memory.scratchBytes > 0) {
    builder.store(moved(frame.address, frameOffsets.scratchBase), 8, memory.scratchBase);
  }
  builder.store(moved(frame.address, frameOffsets.isOver), 8, constant(0));
}

function changesInExpression(statement: CheckedStatement): boolean {
  // `$x++;` by itself is no trouble: nothing else is read in that statement.
  if (statement.kind === "evaluate") return false;
  return hasScratchUpdate(statement);
}

function hasScratchUpdate(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  if ("kind" in node && node.kind === "update" && "target" in node) {
    const { target } = node;
    const isScratch =
      typeof target === "object" &&
      target !== null &&
      "kind" in target &&
      target.kind === "scratch";
    if (isScratch) return true;
  }
  return Object.values(node).some(hasScratchUpdate);
}

/**
 * When it has gone through all, an iterator's program is run once more with nothing: the first pointer behind `meta` is null
 * (include/linux/bpf.h: __bpf_md_ptr, 8 bytes everywhere).
 */
function skipEnd({ builder }: Lowering, end: string): void {
  const object = builder.load({ kind: "context", offset: 8 }, 8, false);
  builder.jumpIf("eq", object, constant(0), end);
}

/**
 * Perf events are attached to the process, and inherited by its children, which are others. Uprobes are attached to it alone;
 * what the kernel does, by tracepoints and its functions, is traced whoever asks for it, as bpftrace does.
 */
function filterProcess(lowering: Lowering, pid: number | undefined, filtered: string): void {
  const { attachment } = lowering.probe;
  // An interval's work is not any process's.
  if (pid === undefined || attachment.kind !== "perfEvent" || attachment.cpus === "one") return;
  const own = builtin(lowering, "pid");
  lowering.builder.jumpIf("ne", own, constant(pid), filtered);
}
