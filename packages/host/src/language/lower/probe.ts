import { type TargetDescription } from "../../spec/target-description.js";
import {
  type CheckedProbe,
  type CheckedProgram,
  type CheckedStatement,
} from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type IrProgram } from "../ir.js";
import { builtin } from "./builtin.js";
import { branch } from "./condition.js";
import {
  canBePreempted,
  type Channel,
  hasFeature,
  KnownValues,
  type Lowering,
  type ScratchPlace,
} from "./lowering.js";
import { constant, ProgramBuilder } from "./program-builder.js";
import { enterScratch, leaveScratch, scratchElementCount } from "./scratch-element.js";
import { lowerStatements } from "./statement.js";
import { storeValue } from "./store.js";
import { type ScratchUse, TemporaryMemory } from "./temporary-memory.js";
import { lowerValue } from "./value.js";

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
  const memory = new TemporaryMemory(builder, scratchUseOf(probe, target));
  const lowering: Lowering = {
    builder,
    target,
    program,
    probe,
    channel,
    memory,
    builtins: new KnownValues(),
    scratches: placeScratches(probe, builder, memory),
    variablesChangeInExpressions: probe.body.some(changesInExpression),
    endLabel,
    value: (expression) => lowerValue(lowering, expression),
    statements: (statements) => {
      lowerStatements(lowering, statements);
    },
    jumpUnless: (condition, label) => {
      branch(lowering, condition, label, { when: false });
    },
    store: (expression, type, address) => {
      storeValue(lowering, expression, type, address);
    },
  };
  const filteredLabel = builder.newLabel("filtered");
  const scratchBefore = memory.scratchBytes;
  filterProcess(lowering, input.pid, filteredLabel);
  if (probe.predicate !== undefined) lowering.jumpUnless(probe.predicate, filteredLabel);
  const prologue = memory.scratchBytes > scratchBefore ? 0 : builder.position;
  clearScratches(lowering);
  lowerStatements(lowering, probe.body);
  builder.label(endLabel);
  leaveScratch(lowering);
  builder.label(filteredLabel);
  // A tracepoint's program that returns 0 hides the event from perf.
  builder.exit(probe.programType === "tracepoint" ? 1n : 0n);
  builder.insertAt(prologue, () => {
    enterScratch(lowering, input.scratchIndex, filteredLabel);
  });
  return {
    ir: builder.finish(input.name),
    scratchBytes: memory.scratchBytes,
    scratchElements: scratchElementCount(lowering),
  };
}

function scratchUseOf(probe: CheckedProbe, target: TargetDescription): ScratchUse {
  if (!canBePreempted(probe, target)) return "own";
  return hasFeature(target, "atomic_fetch") ? "claimed" : "none";
}

function placeScratches(
  probe: CheckedProbe,
  builder: ProgramBuilder,
  memory: TemporaryMemory,
): readonly ScratchPlace[] {
  return probe.scratches.map(({ name, type }): ScratchPlace => {
    if (fitsRegister(type)) return { kind: "register", register: builder.register() };
    const address = memory.forGood(sizeOfValue(valueTypeOf(type)), `$${name}`);
    return { kind: "memory", address };
  });
}

/** Variables are zero until they are assigned. What nobody reads before it is written costs nothing in a register. */
function clearScratches({ builder, probe, scratches }: Lowering): void {
  scratches.forEach((place, index) => {
    const scratch = probe.scratches[index];
    if (place.kind === "register") builder.move(place.register, constant(0));
    else if (scratch !== undefined && !isAssignedFirst(probe.body, index)) {
      builder.zero(place.address, sizeOfValue(valueTypeOf(scratch.type)));
    }
  });
}

/** The first statement that has to do with the variable gives it a value, without looking at the old one. */
function isAssignedFirst(body: readonly CheckedStatement[], scratch: number): boolean {
  const first = body.find((statement) => mentionsScratch(statement, scratch));
  return (
    first?.kind === "assign" &&
    first.operation === undefined &&
    first.target.kind === "scratch" &&
    first.target.scratch === scratch &&
    !mentionsScratch(first.value, scratch)
  );
}

function mentionsScratch(node: unknown, scratch: number): boolean {
  if (typeof node !== "object" || node === null) return false;
  if ("kind" in node && node.kind === "scratch" && "scratch" in node) {
    return node.scratch === scratch;
  }
  return Object.values(node).some((part) => mentionsScratch(part, scratch));
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

/** Uprobes are attached to the process alone; the other probes see everyone and have to look. */
function filterProcess(lowering: Lowering, pid: number | undefined, filtered: string): void {
  const { attachment } = lowering.probe;
  if (pid === undefined || attachment.kind === "run" || attachment.kind === "uprobe") return;
  // An interval's work is not any process's.
  if (attachment.kind === "perfEvent" && attachment.cpus === "one") return;
  const own = builtin(lowering, "pid");
  lowering.builder.jumpIf("ne", own, constant(pid), filtered);
}
