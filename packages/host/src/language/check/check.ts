import { type TargetDescription } from "../../spec/target-description.js";
import { InternalError } from "../../asm/internal-error.js";
import { type Answers, type Query } from "../answers.js";
import { type Diagnostic, isError } from "../diagnostic.js";
import { checkPinned } from "./check-pinned.js";
import {
  type ActionBlock,
  type Expression,
  type MapDeclaration,
  type ParsedProgram,
} from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { checkExpression } from "./check-expression.js";
import { checkOptionsGiven } from "./check-option.js";
import { checkCondition } from "./check-condition.js";
import { checkBlock, checkStatements } from "./check-statement.js";
import {
  type CheckedMap,
  type UnwindTargets,
  type CheckedProbe,
  type CheckedProgram,
} from "./checked-program.js";
import { readConfig, takesLongKeys } from "./config.js";
import { Diagnostics } from "./diagnostics.js";
import { asDeclared, readMapDeclarations } from "./map-declarations.js";
import { layOutMap } from "./map-layout.js";
import { ProbeState } from "./probe-state.js";
import { type ConcreteProbe } from "./probes/concrete-probe.js";
import { asksForProbe } from "./probes/reads-arguments.js";
import { expandBlock } from "./probes/expand-attach-point.js";
import { joinProbes } from "./probes/join-probes.js";
import { preferRawTracepoints } from "./probes/raw-tracepoints.js";
import { checkTestNames, describeNoTests, type TestChoice } from "./probes/test-probes.js";
import { parentProcessQueries } from "./parent-process.js";
import { ProgramState } from "./program-state.js";
import { RuntimeWarnings } from "./runtime-warnings.js";
import { int64 } from "./type.js";

const checks = { expression: checkExpression, statements: checkStatements };

/** What makes it possible to attach otherwise than is written. */
const standIns: ReadonlySet<string> = new Set(["raw_tracepoint", "uprobe_multi", "kprobe_multi"]);

/** What a program is started with. */
export interface CheckOptions {
  /** `$1`, `$2` … */
  readonly positional?: readonly string[];
  /** For getopt(), by name: "" of one without a value. */
  readonly named?: Readonly<Record<string, string>>;
  /** Only this process is probed, where a probe can be limited to one. */
  readonly pid?: number;
  /** The process that was started to be traced: `cpid`. */
  readonly childPid?: number;
  /** Whose stacks dw_ustack unwinds. */
  readonly unwindTargets?: UnwindTargets;
  /** Whether the program may change the target: system(), signal(). */
  readonly isUnsafe?: boolean;
  /** The program's file, as messages name it; "stdin" unless said. */
  readonly sourceName?: string;
  /** It tells of memory that cannot be read and of map entries that are not there (-k). */
  readonly tellsOfReads?: boolean;
  /** Tracepoints are attached to as such, although a raw tracepoint would do, and each probe by itself. */
  readonly attachesAsWritten?: boolean;
  /** Of the target's features: these are not made use of to attach probes. */
  readonly unusedFeatures?: readonly string[];
  /** Of the probes other than begin and end, those with such names only. */
  readonly probeFilter?: RegExp;
  /** Run these of the probes that are attached to nothing, and attach none of the others. */
  readonly tests?: TestChoice;
  /** Settings that hold where the program's `config` says nothing: max_strlen = "200". */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface CheckResult {
  /** `undefined` when there are errors. */
  readonly program: CheckedProgram | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Types learn from each other, so a program is gone through until nothing new is learnt; this many times at most. */
const maximumPasses = 40;

/** Checks a program against a target. Every query of requirements() must have its answer; throws InternalError when not. */
export function check(
  parsed: ParsedProgram,
  target: TargetDescription,
  answers: Answers,
  options: CheckOptions = {},
): CheckResult {
  const { missing, result } = tryCheck(parsed, target, answers, options);
  const [unanswered] = missing;
  if (unanswered !== undefined) {
    throw new InternalError(`a program is checked before ${unanswered.kind} is answered`);
  }
  return result();
}

/** Checks a program as far as the answers go: what is missing of them, and the result, which means nothing when something is. */
export function tryCheck(
  parsed: ParsedProgram,
  target: TargetDescription,
  answers: Answers,
  options: CheckOptions = {},
): { readonly missing: readonly Query[]; readonly result: () => CheckResult } {
  const outer = new Diagnostics();
  const config = readConfig(parsed.config, target, outer, options.settings);
  const positional = options.positional ?? [];
  const isUnsafe = options.isUnsafe === true;
  const program = new ProgramState({
    ...{ source: parsed.source, target, answers, positional, config },
    named: options.named,
    childPid: options.childPid,
    unwindTargets: options.unwindTargets,
    isUnsafe,
    sourceName: options.sourceName,
  });
  program.defineTypes(parsed.types, outer);
  const declarations = readMapDeclarations(parsed.mapDeclarations, outer);
  const { missingProbes, maximumProbes, maximumPrograms } = config;
  const features = target.features.filter((name) => {
    if (options.attachesAsWritten === true && standIns.has(name)) return false;
    return options.unusedFeatures?.includes(name) !== true;
  });
  const about = { answers, positional, pid: options.pid, target: { ...target, features } };
  const { tests } = options;
  const input = { ...about, missingProbes, maximumPrograms, isUnsafe, tests };
  const { missing } = program;
  missing.push(...parentProcessQueries(parsed, answers));
  const states: { state: ProbeState; block: ActionBlock }[] = [];
  checkTestNames(parsed.blocks, outer);
  const expanded = parsed.blocks.map((block) => {
    const probes = expandBlock(block, input, missing, outer).filter((probe) => {
      return isWanted(probe, options);
    });
    return { block, probes };
  });
  for (const { block, probes } of preferRawTracepoints(expanded, input.target)) {
    for (const probe of joinProbes(block, probes, input.target)) {
      states.push({ state: new ProbeState(program, probe, checks), block });
    }
  }
  const probed = probedFiles(states.map(({ state }) => state.probe));
  program.types.knowFiles(probed);
  program.probedPaths = probed.paths;
  // The names that a wildcard matches come first.
  if (missing.length > 0) return { missing, result: noResult };
  if (states.length === 0 && !outer.hasErrors) {
    const span = parsed.blocks[0]?.attachPoints[0]?.span ?? { start: 0, end: 0 };
    const reason = describeNoTests(parsed.blocks, tests);
    if (reason === undefined) outer.error("nothing-to-attach", span, "No probes to attach");
    else outer.addPlaceless("error", "no-match", reason);
  }
  const count = states.reduce((sum, { state, block }) => {
    // Of all at once only the names cost anything.
    const isOne = state.probe.isJoined === true && !asksForProbe(block);
    return sum + (isOne ? 1 : countOf(state.probe));
  }, 0);
  if (count > maximumProbes) {
    const message = `Can't attach to ${count} probes because it exceeds the current limit of ${maximumProbes} probes.`;
    outer.addPlaceless("error", "too-large", message, [
      "The setting max_probes raises it: but many probes are much work for the kernel.",
    ]);
  }

  let probes: CheckedProbe[] = [];
  for (let pass = 0; pass < maximumPasses; pass += 1) {
    program.beginPass();
    probes = states.map(({ state, block }) => checkProbe(state, block));
    if (!program.maps.changed) program.maps.settleReadFirst();
    if (!program.maps.changed) break;
  }
  const laidOut = program.maps.names.map((name) => {
    return layOutMap(program.maps.get(name), config.maximumMapKeys, target);
  });
  if (missing.length > 0) return { missing, result: noResult };
  return {
    missing,
    result: () => {
      const maps = laidOut.map((map) =>
        asDeclared(map, declarations.get(map.name), program.maps, outer),
      );
      for (const map of maps) checkMapSizes(program, map);
      warnOfUnused(declarations, program, outer);
      checkOptionsGiven(program);
      for (const diagnostic of program.diagnostics.list) outer.add(diagnostic);
      const inOrder = [...outer.list].sort((a, b) => a.span.start - b.span.start);
      const warnings = inOrder.filter((diagnostic) => !isError(diagnostic));
      const diagnostics = [...inOrder.filter(isError), ...warnings];
      if (outer.hasErrors) return { program: undefined, diagnostics };
      return {
        program: assemble(program, probes, maps, options.tellsOfReads === true),
        diagnostics,
      };
    },
  };
}

function warnOfUnused(
  declarations: ReadonlyMap<string, MapDeclaration>,
  program: ProgramState,
  diagnostics: Diagnostics,
): void {
  for (const { name, span } of declarations.values()) {
    if (program.maps.isAssigned(name)) continue;
    diagnostics.warn("unknown-map", span, `Unused map: ${name}`);
  }
}

/** Programs whose functions are probed. Where nothing of the kernel's is, their types come before the kernel's. */
function probedFiles(probes: readonly ConcreteProbe[]): {
  readonly paths: readonly string[];
  readonly areFirst: boolean;
} {
  const paths = probes.flatMap(({ attachment }) =>
    attachment.kind === "uprobe" ? [attachment.path] : [],
  );
  const areFirst = probes.every(
    ({ attachment: { kind } }) => kind === "uprobe" || kind === "run" || kind === "perfEvent",
  );
  return { paths: [...new Set(paths)], areFirst };
}

function isWanted(probe: ConcreteProbe, { tests, probeFilter }: CheckOptions): boolean {
  if (tests !== undefined) return probe.attachment.kind === "run";
  const { name, type } = probe;
  return type === "begin" || type === "end" || probeFilter?.test(name) !== false;
}

/** How many the user asked for. */
function countOf({ systemCalls, others }: ConcreteProbe | CheckedProbe): number {
  return systemCalls?.calls.length ?? 1 + (others?.length ?? 0);
}

/** A mark that a program has in several places is one probe. */
function countProbes(probes: readonly CheckedProbe[]): number {
  const all = probes.reduce((sum, probe) => sum + countOf(probe), 0);
  const marks = probes.flatMap(({ name, span, others = [] }) =>
    [name, ...others.map((other) => other.name)]
      .filter((each) => each.startsWith("usdt:"))
      .map((each) => `${span.start} ${each}`),
  );
  return all - marks.length + new Set(marks).size;
}

function noResult(): never {
  throw new InternalError("the result of a check with queries without answers");
}

/** With the slashes around it. */
function predicateSpan({ program }: ProbeState, { span }: Expression): Span {
  const { source } = program;
  return { start: source.lastIndexOf("/", span.start), end: source.indexOf("/", span.end) + 1 };
}

function checkProbe(state: ProbeState, block: ActionBlock): CheckedProbe {
  const { probe } = state;
  state.beginPass();
  const predicate =
    block.predicate === undefined
      ? undefined
      : checkCondition(state, block.predicate, predicateSpan(state, block.predicate));
  const body = checkBlock(state, block.body);
  checkPinned(state, body);
  state.endPass();
  return {
    name: probe.name,
    programType: probe.programType,
    place: probe.place,
    attachment: probe.attachment,
    ...placesOf(state),
    context: probe.context,
    ...(probe.is32Bit === undefined ? {} : { is32Bit: probe.is32Bit }),
    predicate,
    ...systemCallsOf(state),
    body,
    scratches: state.scratches.map(({ name, slot }) => ({ name, type: slot?.type ?? int64 })),
    span: probe.span,
  };
}

type Places = Pick<CheckedProbe, "others" | "isJoined" | "cookies">;

/** Where else it is attached; with cookies, when it asks where it is. */
function placesOf({ probe, program, asksName, asksFunction }: ProbeState): Places {
  const { others, isJoined } = probe;
  if (others === undefined) return {};
  if (isJoined === undefined) return { others };
  if (!asksName && !asksFunction) return { others, isJoined };
  const cookies = [probe, ...others].map(({ name, functionName = "" }) => {
    const index = asksName ? program.nameIndex(name) : 0;
    const functionIndex = asksFunction ? program.nameIndex(functionName) : 0;
    return (BigInt(functionIndex) << 32n) | BigInt(index);
  });
  return { others, isJoined, cookies };
}

function systemCallsOf({
  probe,
  program,
  asksName,
}: ProbeState): Pick<CheckedProbe, "systemCalls"> {
  if (probe.systemCalls === undefined) return {};
  const nameIndexes = asksName
    ? probe.systemCalls.calls.map(({ name }) => program.nameIndex(name))
    : undefined;
  return { systemCalls: { ...probe.systemCalls, nameIndexes } };
}

/** MAX_BPF_STACK (include/linux/filter.h), which bounds the keys of hashes of older kernels. */
const shortKeyBytes = 512;
/** PCPU_MIN_UNIT_SIZE (include/linux/percpu.h) bounds values of per-CPU maps; others are kept as small. */
const maximumValueBytes = 32_768;

function checkMapSizes(program: ProgramState, map: CheckedMap): void {
  const { keySizeBytes, valueSizeBytes } = map.spec;
  const state = program.maps.get(map.name);
  const maximumKeyBytes = takesLongKeys(program.target) ? maximumValueBytes : shortKeyBytes;
  if (keySizeBytes > maximumKeyBytes && state.keys !== undefined) {
    const message = `the key of ${map.name} takes ${keySizeBytes} bytes, the most is ${maximumKeyBytes}`;
    program.diagnostics.error("bad-value", state.keys.span, message, [
      "Give its strings a length: str(p, 64).",
    ]);
  }
  if (valueSizeBytes > maximumValueBytes && state.contents !== undefined) {
    const message = `a value of ${map.name} takes ${valueSizeBytes} bytes, the most is ${maximumValueBytes}`;
    program.diagnostics.error("bad-value", state.contents.span, message);
  }
}

function assemble(
  program: ProgramState,
  probes: readonly CheckedProbe[],
  maps: readonly CheckedMap[],
  tellsOfReads: boolean,
): CheckedProgram {
  const { printsMapsAtExit, shown } = program.config;
  return {
    probes,
    maps,
    layout: {
      records: program.records.layouts,
      maps: maps.map(({ layout }) => layout),
      names: program.names,
      probeCount: countProbes(probes),
      printsMapsAtExit,
      ...shown,
    },
    config: program.config,
    usesElapsed: program.usesElapsed,
    warnings: new RuntimeWarnings(program, tellsOfReads),
    stackLimits: [...program.stackLimits],
    ...(program.unwinding === undefined ? {} : { unwinding: program.unwinding }),
  };
}
