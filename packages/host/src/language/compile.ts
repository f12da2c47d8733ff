import { slotCount } from "../asm/assemble.js";
import { type Instruction } from "../asm/instruction.js";
import { type ProgramPlace, type ProgramSpec } from "../spec/program-spec.js";
import { type TargetDescription } from "../spec/target-description.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { type Answers } from "./answers.js";
import { check, type CheckOptions } from "./check/check.js";
import { type CheckedProbe, type CheckedProgram } from "./check/checked-program.js";
import { type Diagnostic } from "./diagnostic.js";
import { generate } from "./generate/generate.js";
import { StackLimitError, stackSizeBytes } from "./generate/place-stack.js";
import { CallbackTypes } from "./lower/callback-types.js";
import { lower, type Lowered, type LoweredProgram, type LowerOptions } from "./lower/lower.js";
import { hasFeature, ownMaps } from "./lower/lowering.js";
import { locateDiagnostic, parse } from "./parse.js";
import { type ParseOptions } from "./syntax/parse-program.js";
import { type Span } from "./syntax/span.js";

export interface CompileOptions extends CheckOptions, LowerOptions, ParseOptions {}

export interface CompileResult {
  /** `undefined` when there are errors. */
  readonly spec: TraceSpec | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles a program for a target: text in, a blueprint and the layouts of what comes back out. Every query of
 * requirements() must be answered. Beside the script's maps the object has, where the programs use them:
 *
 * - "events": the ring buffer (or perf event array) of the records, opened as a stream;
 * - "loss": an array of one value: u64 records that found no room, u64 map updates that the kernel refused (a full map);
 * - "scratch", "start_time": memory of the programs'.
 */
export function compile(
  source: string,
  target: TargetDescription,
  answers: Answers,
  options: CompileOptions = {},
): CompileResult {
  const parsed = parse(source, options);
  const located = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
    diagnostics.map((one) => locateDiagnostic(one, parsed.sources));
  if (parsed.program === undefined) {
    return { spec: undefined, diagnostics: located(parsed.diagnostics) };
  }
  const checked = check(parsed.program, target, answers, options);
  const diagnostics = [...parsed.diagnostics, ...checked.diagnostics];
  if (checked.program === undefined) return { spec: undefined, diagnostics: located(diagnostics) };
  const { spec, faults } = generateSpec(checked.program, target, options);
  return { spec, diagnostics: located([...diagnostics, ...faults]) };
}

/** The second half of compile(): a checked program to what is loaded. `faults` are what the kernel's limits forbid. */
export function generateSpec(
  checked: CheckedProgram,
  target: TargetDescription,
  options: LowerOptions = {},
): { readonly spec: TraceSpec | undefined; readonly faults: readonly Diagnostic[] } {
  const lowered = lower(checked, target, options);
  const faults: Diagnostic[] = [];
  const programs: ProgramSpec[] = [];
  const callbackTypes = new CallbackTypes();
  for (const program of lowered.programs) {
    const instructions = generateProgram(program, target, faults);
    if (instructions === undefined) continue;
    const { ir, type, probe } = program;
    const functions = callbackTypes.add(ir, instructions);
    const parts = {
      instructions,
      license: checked.config.license,
      ...(functions === undefined ? {} : { functions }),
    };
    programs.push({ name: ir.name, type, ...placeOf(probe), ...parts });
  }
  checkScratch(lowered, checked, faults);
  if (faults.length > 0) return { spec: undefined, faults };
  const types = callbackTypes.encode(target.byteOrder);
  const object = { ...lowered.object, programs, ...(types === undefined ? {} : { types }) };
  return { spec: { object, layout: checked.layout }, faults };
}

/** Joined probes are loaded for all their places at once. */
function placeOf(probe: CheckedProbe | undefined): Partial<ProgramPlace> {
  if (probe?.isJoined !== true) return probe?.place ?? {};
  const isUser = probe.attachment.kind === "uprobe";
  return { expectedAttachType: isUser ? "trace_uprobe_multi" : "trace_kprobe_multi" };
}

function generateProgram(
  { ir, probe }: LoweredProgram,
  target: TargetDescription,
  faults: Diagnostic[],
): readonly Instruction[] | undefined {
  const span = probe?.span ?? { start: 0, end: 0 };
  try {
    const instructions = generate(ir, { hasJump32: hasFeature(target, "jump32") });
    checkLength(instructions, target, span, faults);
    return instructions;
  } catch (error) {
    if (!(error instanceof StackLimitError)) throw error;
    const message = `this probe needs ${error.neededBytes} bytes of stack, the kernel gives ${stackSizeBytes}`;
    faults.push(tooLarge(span, message, ["Give its strings a length: str(p, 32)."]));
    return undefined;
  }
}

/** BPF_MAXINSNS (include/uapi/linux/bpf_common.h); later kernels take a million, but a jump reaches 32767. */
const shortProgramSlots = 4096;
const longProgramSlots = 32_767;

function checkLength(
  instructions: readonly Instruction[],
  target: TargetDescription,
  span: Span,
  faults: Diagnostic[],
): void {
  const slots = instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0);
  const limit = hasFeature(target, "large_program") ? longProgramSlots : shortProgramSlots;
  if (slots <= limit) return;
  const message = `this probe compiles to ${slots} instructions, the most is ${limit}`;
  faults.push(tooLarge(span, message, ["Split it into several probes, or unroll less."]));
}

/** PCPU_MIN_UNIT_SIZE (include/linux/percpu.h): no value of a per-CPU map is larger. */
const perCpuValueLimit = 32_768;

function checkScratch(lowered: Lowered, checked: CheckedProgram, faults: Diagnostic[]): void {
  const scratch = lowered.object.maps.find(({ name }) => name === ownMaps.scratch);
  if (scratch === undefined || scratch.valueSizeBytes <= perCpuValueLimit) return;
  const span = checked.probes[0]?.span ?? { start: 0, end: 0 };
  const message = `a record of up to ${scratch.valueSizeBytes} bytes, the most is ${perCpuValueLimit}`;
  faults.push(tooLarge(span, message, ["Give its strings a length: str(p, 256)."]));
}

function tooLarge(span: Span, message: string, hints: readonly string[]): Diagnostic {
  return { severity: "error", code: "too-large", span, message, hints };
}
