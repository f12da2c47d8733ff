import { Option, type Command } from "commander";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type TestChoice } from "../../language/check/probes/test-probes.js";
import { type CompileOptions } from "../../language/compile.js";
import { isError, type Diagnostic } from "../../language/diagnostic.js";
import { formatProgram } from "../../language/format/format-program.js";
import { parse } from "../../language/parse.js";
import { defaultRingBytes } from "../../language/lower/lower.js";
import { RecordedTarget } from "../../trace/recorded-target.js";
import { ProgramError, type DetachOptions, type Program, type Target } from "../../trace/target.js";
import {
  addDetachOptions,
  chooseDetached,
  tellDetached,
  type DetachFlags,
} from "../detach-options.js";
import {
  addBpftraceOptions,
  readBpftraceOptions,
  type BpftraceOptions,
} from "../bpftrace-options.js";
import { BpftraceUsageError, exitCodes, UsageError } from "../exit-code.js";
import { formatBpftraceInfo } from "../format-bpftrace-info.js";
import { tellLoaded } from "../format-loaded.js";
import { formatStages } from "../debug-stages.js";
import { formatVerifierLogs } from "../format-verifier-logs.js";
import { printable } from "../printable.js";
import { formatInstructions, formatObject } from "../format-object.js";
import { addHeatMapOption, HeatMapFile, type HeatMapOptions } from "../heat-map-file.js";
import {
  addPictureOptions,
  hostNow,
  PictureFiles,
  type PictureOptions,
} from "../picture-options.js";
import { addRateOptions, type RateOptions, whileTellingRate } from "../rate-status.js";
import { tellColorChoice } from "../message-color.js";
import { openOutput, type BufferMode } from "../output-stream.js";
import { addTimelineOption, TimelineFile, type TimelineOptions } from "../timeline-file.js";
import { UnattachedError } from "../../session/refusals.js";
import { type TraceCost } from "../../trace/cost-meter.js";
import { runTests } from "../run-tests.js";
import { runTrace, tellSymbolBytes, type OutputFormat, type RunOptions } from "../run-trace.js";
import { readProgramWords } from "../program-words.js";
import { encodeObject } from "../../object/encode-object.js";
import { formatAheadFile, wordsAhead } from "../ahead-file.js";
import { list } from "../list-command.js";
import { chooseScript, filesOf, parseScript, settingsOf, show, type Script } from "../script.js";
import { splitCommand } from "../split-command.js";
import { findTraced, startTraced, type TracedProcess } from "../traced-process.js";
import {
  addClockOption,
  addPushOptions,
  addTargetOptions,
  chooseTypesFile,
  connectTarget,
  type ClockOptions,
  type TargetOptions,
} from "../target-options.js";
import { missingFunctions } from "../missing-functions.js";
import { readInfo } from "../read-info.js";
import { parsePid } from "../parse-pid.js";

interface TraceOptions
  extends
    TargetOptions,
    ClockOptions,
    RateOptions,
    DetachFlags,
    PictureOptions,
    TimelineOptions,
    HeatMapOptions,
    BpftraceOptions {
  readonly tests?: TestChoice;
  /** Nothing but this. */
  readonly formats?: true;
  readonly e?: string;
  readonly pid?: number;
  readonly cmd?: string;
  readonly unsafe?: boolean;
  readonly I: readonly string[];
  readonly include: readonly string[];
  readonly warnings: boolean;
  readonly B: BufferMode;
  readonly f: OutputFormat;
  readonly output?: string;
  /** True without a pattern. */
  readonly list?: string | true;
  readonly quiet?: boolean;
  readonly dryRun?: boolean;
  readonly listing?: boolean;
  readonly targetDescription?: string;
  readonly record?: string;
  readonly failOnLost?: boolean;
  readonly folded?: boolean;
  readonly verifierLog?: boolean;
}

const examples = `
Examples:
  sonde trace -e 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }'
  sonde trace 'profile:hz:99 { @[comm] = count(); }'
  sonde trace 'interval:s:1 { print(@); clear(@); } tracepoint:sched:sched_switch { @ = count(); }'
  sonde trace -p 1234 'uprobe:libc:malloc { @ = hist(arg0); }'
  sonde trace -c 'ls -l /tmp' 'tracepoint:syscalls:sys_enter_openat /pid == cpid/ { print(str(args.filename)); }'
  sonde trace -f json -o events.json script.bt first-parameter
  sonde trace --flamegraph malloc.html -p 1234 'uprobe:libc:malloc { @[ustack] = sum(arg0); }'
  sonde trace --test script.bt                  its test: probes; --bench: its bench: probes
  sonde trace --fmt script.bt                   the same program, well laid out
  sonde trace -d codegen --dry-run script.bt    its instructions; -d ast: as it was read
  sonde trace --record boot.sonde script.bt     then: sonde replay boot.sonde
  sonde trace --target-description board.target script.bt     with no board: sonde info -t board --record board.target
  sonde trace --detach --name boot -t ssh://root@board script.bt     then: sonde attach boot -t ssh://root@board

The language is bpftrace's; docs/language.md says what of it works today.`;

/** Adds `sonde trace`. */
export function addTraceCommand(program: Command): void {
  const command = program
    .command("trace")
    .description("run a one-liner or a script in bpftrace's language")
    .argument("[program]", "a script's file, '-' for standard input, or the program itself")
    .argument("[parameters...]", "positional parameters: $1, $2 … in the program")
    .option("-e <program>", "the program itself")
    .option(
      "-p, --pid <pid>",
      "only this process, where a probe can be limited to one; end with it",
      (text) => (text === "" ? 0 : parsePid(text)),
    )
    .option(
      "-c, --cmd <command>",
      "run a command on the target, trace it as -p does, and end with it",
    )
    .option("-l, --list [pattern]", "list probes and trace nothing, as sonde probes does")
    .addOption(
      oneOf(new Option("-f <format>", "output format"), ["text", "json", ""], (given) => {
        return `Invalid output format "${given}"\nValid formats: 'text', 'json'`;
      }).default("text"),
    )
    .option("-o, --output <file>", "write the output to a file")
    .addOption(
      oneOf(
        new Option("-B <mode>", "when output is written: as it comes, or in large pieces"),
        ["none", "line", "full"],
        () => "USAGE: -B must be either 'line', 'full', or 'none'.",
      ).default("line"),
    )
    .option(
      "--unsafe",
      "allow what changes the target: system(), signal(), override(), write_user()",
    )
    .option("-I <folder>", "look for headers there, too; may be given several times", collect, [])
    .option("--include <header>", "include a header first; may be given several times", collect, [])
    .option("--no-warnings", "no warnings about the program")
    .option("-q, --quiet", "no messages about the trace itself")
    .option("--dry-run", "compile for the target and load nothing")
    .option("--listing", "show the BPF instructions of the program and load nothing")
    .addOption(
      new Option(
        "--target-description <file>",
        "compile for a target that sonde info --record has written there, and say what would be loaded",
      ).conflicts(["target", "push", "detach", "record", "cmd"]),
    )
    .option("--record <file>", "keep what comes from the target, raw, for sonde replay")
    .option("--fail-on-lost", "end with exit code 4 when events were lost")
    .option("--verifier-log", "show the whole log when the kernel's verifier refuses")
    .addHelpText("after", examples)
    .action(traceCommand);
  command.option(
    "--folded",
    "print maps with stacks in their keys as flame graph programs read them",
  );
  addBpftraceOptions(command);
  addHeatMapOption(addTimelineOption(addPictureOptions(command)));
  addDetachOptions(command);
  addPushOptions(addTargetOptions(addRateOptions(addClockOption(command))));
}

async function traceCommand(
  first: string | undefined,
  rest: readonly string[],
  given: TraceOptions,
  command: Command,
): Promise<void> {
  const options = { ...withoutEmpty(given), ...readBpftraceOptions(given) };
  tellColorChoice();
  if (options.info === true) {
    await using target = await connectTarget(options, { asksFeaturesAnew: true });
    process.stdout.write(formatBpftraceInfo(await readInfo(target.session)));
    return;
  }
  if (options.list !== undefined) {
    await list(options.list, first, options);
    return;
  }
  const script = chooseScript(first, rest, options.e);
  if (options.formats === true) {
    await format(script, options);
    return;
  }
  if (options.targetDescription !== undefined) {
    await compileForRecorded(options.targetDescription, script, options);
    return;
  }
  const detached = chooseDetached(options);
  const pictures = PictureFiles.open(options, hostNow());
  const timeline = new TimelineFile(options);
  const heat = new HeatMapFile(options);
  const makesFiles =
    pictures.areAsked || timeline.isAsked || heat.isAsked || options.folded === true;
  if (detached !== undefined) {
    requireNoneToWaitFor({
      "pictures are made of a trace that ends": makesFiles,
      "tests are run while we wait": options.tests !== undefined,
    });
  }
  // What is left at work needs its agent.
  await using target = await connectTarget({
    ...options,
    ...(detached === undefined ? {} : { keep: true }),
  });
  if (detached !== undefined) target.requireStays();
  const traced = await openTraced(target, options);
  const program = await compileOrReport(target, script, options, traced?.pid);
  if (program === undefined) return;
  if (loadsNothing(options)) {
    if (options.listing === true) process.stdout.write(formatInstructions(program.spec.object));
    else if (options.aot !== undefined) writeAheadFile(options.aot, script, command);
    return;
  }
  if (detached !== undefined) {
    await target.startDetached(program, { ...detached, ...loadOptions(options, program) });
    if (options.quiet !== true) tellDetached(program, detached, options);
    return;
  }
  const parts = { ...(traced === undefined ? {} : { traced }), pictures, timeline, heat };
  await runOrTellMissing(target, program, script, { options, parts });
  if (options.verbose === true) tellSymbolBytes(target);
}

/** As in bpftrace, an empty word after -o, -f or -p is as good as none. */
function withoutEmpty({ output, f: format, pid, ...rest }: TraceOptions): TraceOptions {
  return {
    ...rest,
    f: format === "json" ? "json" : "text",
    ...(output === undefined || output === "" ? {} : { output }),
    ...(pid === undefined || pid === 0 ? {} : { pid }),
  };
}

/** Writes what runs the program later. Throws UsageError. */
function writeAheadFile(path: string, { source, operand }: Script, command: Command): void {
  const [node = "", sonde = "", , ...words] = process.argv;
  const given = { words, options: command.options, file: operand, source };
  const text = formatAheadFile([node, resolve(sonde)], wordsAhead(given));
  writeAsked("--aot", path, text, 0o755);
}

/** Throws UsageError. */
function writeAsked(option: string, path: string, data: string | Uint8Array, mode: number): void {
  try {
    writeFileSync(path, data, { mode });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`trace: ${option} ${path}: ${reason}`, { cause });
  }
}

/** What `--detach` cannot be given with, by why not. */
function requireNoneToWaitFor(reasons: Readonly<Record<string, boolean>>): void {
  for (const [reason, isAsked] of Object.entries(reasons)) {
    if (isAsked) throw new UsageError(`trace: ${reason}: not with --detach`);
  }
}

/** Runs it; says which functions do not exist when the kernel refuses a probe for that. */
async function runOrTellMissing(
  target: Target,
  program: Program,
  script: Script,
  { options, parts }: { readonly options: TraceOptions; readonly parts: RunParts },
): Promise<void> {
  try {
    await run(target, program, options, parts);
  } catch (error) {
    if (!(error instanceof UnattachedError)) throw error;
    const missing = await missingFunctions(target.session, script.source);
    if (missing.length === 0) throw error;
    show(script, missing);
    process.exitCode = exitCodes.wrongInput;
  }
}

type RunParts = Pick<RunOptions, "traced" | "pictures" | "timeline" | "heat">;

/** Traces, or runs the program's tests, and sets the exit code. */
async function run(
  target: Target,
  program: Program,
  options: TraceOptions,
  parts: RunParts,
): Promise<void> {
  const { tests } = options;
  const isQuiet = options.quiet === true;
  const isVerbose = options.verbose === true;
  const { f: format, output, B: buffers } = options;
  await using trace = await target.start(program, {
    clock: options.clock,
    ...(options.record === undefined ? {} : { record: options.record }),
    ...(parts.traced === undefined ? {} : { pid: parts.traced.pid }),
    ...loadOptions(options, program),
    measuresCost: isVerbose || tests !== undefined,
  });
  tellPins(program);
  const cost = async (): Promise<TraceCost | undefined> => await target.cost();
  const telling = { format, output, buffers, isQuiet, cost };
  if (tests !== undefined) {
    process.exitCode = await runTests(trace, { type: tests.type, ...telling });
    return;
  }
  const context = { ...options, isQuiet, isVerbose, writesToFile: output !== undefined };
  process.exitCode = await whileTellingRate(target, trace, context, async () =>
    runTrace(trace, {
      ...telling,
      ...parts,
      isFolded: options.folded === true,
      failsOnLost: options.failOnLost === true,
    }),
  );
}

/** Says where iterators can be read from now on. */
function tellPins({ spec }: Program): void {
  for (const attachment of spec.object.attachments) {
    if (attachment.kind !== "iterator" || attachment.pinPath === undefined) continue;
    process.stdout.write(`Program pinned to ${attachment.pinPath}\n`);
  }
}

/** Prints the program, well laid out. */
async function format(script: Script, options: TraceOptions): Promise<void> {
  const program = parseScript(script, options);
  if (program === undefined) return;
  const output = await openOutput(options.output);
  output.write(formatProgram(script.source, program.blocks));
  await output.end();
}

/** -d */
function tellStages(script: Script, { spec }: Program, options: TraceOptions): void {
  const stages = options.debug ?? [];
  if (stages.length === 0) return;
  const { program } = parse(script.source, { files: filesOf(script, options) });
  const { source } = script;
  const blocks = program?.blocks ?? [];
  process.stdout.write(formatStages(stages, { source, spec, blocks }));
}

/** Compiles without a target, and prints what would be loaded there. */
async function compileForRecorded(
  file: string,
  script: Script,
  options: TraceOptions,
): Promise<void> {
  const target = await RecordedTarget.open(file, chooseTypesFile(options));
  const program = await compileOrReport(target, script, options, undefined);
  if (program === undefined) return;
  const { object } = program.spec;
  const text = options.listing === true ? formatInstructions(object) : formatObject(object);
  process.stdout.write(text);
}

function loadOptions(
  { verbose, debug }: TraceOptions,
  { spec }: Program,
): Pick<DetachOptions, "onLoaded" | "wantsLogs"> {
  const wantsLogs = debug?.some((stage) => stage === "verifier" || stage === "all") === true;
  if (!wantsLogs) return verbose === true ? { onLoaded: tellLoaded } : {};
  return {
    wantsLogs,
    onLoaded: (report) => {
      if (verbose === true) tellLoaded(report);
      process.stdout.write(printable(formatVerifierLogs(spec.object, report)));
    },
  };
}

function loadsNothing({ dryRun, listing, aot }: TraceOptions): boolean {
  return dryRun === true || listing === true || aot !== undefined;
}

/** The process that -c or -p name. */
async function openTraced(
  { session }: Target,
  { cmd: command, pid, ...options }: TraceOptions,
): Promise<TracedProcess | undefined> {
  if (command !== undefined && pid !== undefined) {
    throw new BpftraceUsageError("USAGE: Cannot use both -c and -p.");
  }
  const isForNothing = loadsNothing(options);
  if (command !== undefined) {
    if (options.detach === true)
      throw new UsageError("trace: -c ends with the trace: not with --detach");
    const words = splitCommand(command);
    // As in bpftrace, an empty command is none.
    return isForNothing || words.length === 0 ? undefined : await startTraced(session, words);
  }
  return pid === undefined || isForNothing ? undefined : await findTraced(session, pid);
}

/** The processes that -p, -c and --dwarf-pid name: what -c starts is not yet what it will be. */
function unwindTargetsOf({
  pid,
  cmd: command,
  dwarfPid,
}: TraceOptions): Pick<CompileOptions, "unwindTargets"> {
  const pids = pid === undefined ? dwarfPid : [pid, ...dwarfPid];
  const programs = splitCommand(command ?? "").slice(0, 1);
  return pids.length + programs.length === 0 ? {} : { unwindTargets: { pids, programs } };
}

/** Compiles; shows diagnostics with the lines they are about and sets the exit code when the program is wrong. */
async function compileOrReport(
  target: Pick<Target, "compile" | "description">,
  script: Script,
  options: TraceOptions,
  childPid: number | undefined,
): Promise<Program | undefined> {
  const tell = (diagnostics: readonly Diagnostic[]): void => {
    show(
      script,
      diagnostics.filter((each) => options.warnings || isError(each)),
    );
  };
  const pid = options.pid ?? childPid;
  try {
    const program = await target.compile(script.source, {
      ...readProgramWords(script.parameters),
      ...(pid === undefined ? {} : { pid }),
      ...(options.cmd === undefined || pid === undefined ? {} : { childPid: pid }),
      ...unwindTargetsOf(options),
      isUnsafe: options.unsafe === true,
      ...(options.tests === undefined ? {} : { tests: options.tests }),
      ...(options.probeFilter === undefined ? {} : { probeFilter: options.probeFilter }),
      ...(options.feature === true ? {} : { unusedFeatures: options.feature }),
      tellsOfReads: options.warnReads === true,
      sourceName: script.name,
      files: filesOf(script, options),
      includes: options.include,
      settings: {
        ...settingsOf(process.env),
        ...(options.lines === true ? { show_debug_info: "1" } : {}),
      },
      // Not the small one that keeps events young on a slow line: nobody may come for them for long.
      ...(options.detach === true ? { ringSizeBytes: defaultRingBytes } : {}),
    });
    tell(program.diagnostics);
    tellStages(script, program, options);
    if (options.emitElf !== undefined) {
      const bytes = encodeObject(program.spec.object, target.description.byteOrder);
      writeAsked("--emit-elf", options.emitElf, bytes, 0o644);
    }
    return program;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    // As bpftrace has it, no fault of the program's, but what there is to say of it.
    if (error.diagnostics.some(isNothingToAttach)) process.stdout.write("No probes to attach\n");
    tell(error.diagnostics.filter((one) => !isNothingToAttach(one)));
    process.exitCode = exitCodes.wrongInput;
    return undefined;
  }
}

function isNothingToAttach({ code }: Diagnostic): boolean {
  return code === "nothing-to-attach";
}

function collect(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}

/** Takes one of some words, and says else what bpftrace says. */
function oneOf(
  option: Option,
  words: readonly string[],
  message: (given: string) => string,
): Option {
  const described = new Option(
    option.flags,
    `${option.description} (choices: ${words.flatMap((word) => (word === "" ? [] : [`"${word}"`])).join(", ")})`,
  );
  return described.argParser((given: string) => {
    if (words.includes(given)) return given;
    throw new BpftraceUsageError(message(given));
  });
}
