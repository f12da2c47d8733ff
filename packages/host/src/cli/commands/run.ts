import { Option, type Command } from "commander";
import { readFileSync } from "node:fs";
import { type MapSize } from "../../loader/map-sizes.js";
import { readAttachText } from "../../object/attach-text.js";
import { type ObjectFile } from "../../object/object-file.js";
import { type SectionProgram } from "../../object/section-names.js";
import { type Setting } from "../../object/set-variables.js";
import { type FieldMeaning, fieldMeanings } from "../../output/field-meaning.js";
import { readyObject, type StartObjectOptions, startObject } from "../../trace/start-object.js";
import { UsageError } from "../exit-code.js";
import { tellLoaded } from "../format-loaded.js";
import { formatObject } from "../format-object.js";
import { openObject } from "../open-object.js";
import { type ObjectFormat, runObject } from "../run-object.js";
import { statusLine } from "../status-line.js";
import {
  addClockOption,
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type ClockOptions,
  type TargetOptions,
} from "../target-options.js";

interface RunOptions extends TargetOptions, ClockOptions {
  readonly only: readonly string[];
  readonly without: readonly string[];
  readonly attach: readonly string[];
  readonly set: readonly string[];
  readonly mapSize: readonly string[];
  readonly event: readonly string[];
  readonly types: readonly string[];
  readonly as: readonly string[];
  readonly f: ObjectFormat;
  readonly o?: string;
  readonly interval?: number;
  readonly duration?: number;
  /** False: --no-maps. */
  readonly maps?: string | boolean;
  readonly p?: number;
  readonly kernelConfig?: string;
  readonly pinFolder?: string;
  readonly kernelHeaders: readonly string[];
  readonly cflags: readonly string[];
  readonly quiet?: boolean;
  readonly dryRun?: boolean;
  readonly failOnLost?: boolean;
  readonly verifierLog?: boolean;
}

const examples = `
Examples:
  sonde run opensnoop.bpf.o                        what its sections say is attached; events and maps are printed
  sonde run execsnoop.bpf.o --set ignore_failed=false -t ssh://root@board
  sonde run runqlat.bpf.o --interval 5             its maps every 5 seconds, and at the end
  sonde run tools.bpf.o --only count_reads --attach count_reads=kprobe:vfs_read
  sonde run trace.bpf.o --event 'events=struct event' -f json
  sonde run opensnoop.bpf.o --types opensnoop.h    record types that the object itself does not have
  sonde run malloc.bpf.o --attach on_malloc=uprobe:libc:malloc -p 1234
  sonde run sample.bpf.o --attach on_sample=profile:hz:99 --duration 10
  sonde run prog.bpf.c                             C is compiled here first, for the target's kernel

docs/objects.md says what of objects works, and how records are read.`;

/** Adds `sonde run`. */
export function addRunCommand(program: Command): void {
  const command = program
    .command("run")
    .description(
      "load a compiled BPF object (or C source) into the target, and print what it sends",
    )
    .argument("<object>", "an object as clang compiles it (.bpf.o), or its source (.bpf.c)")
    .option("--only <programs>", "load these programs alone, also those of '?' sections", list, [])
    .option("--without <programs>", "do not load these programs", list, [])
    .option(
      "--attach <program=probe>",
      "attach a program there, whatever its section says",
      collect,
      [],
    )
    .option("--set <variable=value>", "what a global variable holds from the start", collect, [])
    .option(
      "--map-size <map=entries>",
      "how many entries a map has room for, and xN: bytes of a value",
      collect,
      [],
    )
    .option("--event <[map=]type>", "what the records of a ring or perf buffer are", collect, [])
    .option(
      "--types <file>",
      "a header with types of records that the object does not have",
      collect,
      [],
    )
    .option(
      "--as <field=meaning>",
      `what a record's field stands for: ${fieldMeanings.join(", ")}`,
      collect,
      [],
    )
    .addOption(
      new Option("-f <format>", "output format").choices(["text", "json", "csv"]).default("text"),
    )
    .option("-o <file>", "write the output to a file")
    .option("--interval <seconds>", "also print the maps so often", parseSeconds)
    .option("--duration <seconds>", "end after so long", parseSeconds)
    .option("--maps <names>", "print these maps alone")
    .option("--no-maps", "print no maps")
    .option("-p <pid>", "programs of user functions run in this process alone", parsePid)
    .option("--kernel-config <file>", "the target's kernel's .config, where it does not tell it")
    .option("--kernel-headers <folders>", "for C: folders of the kernel's own headers", list, [])
    .option("--cflags <flags>", "for C: what else clang is told", words, [])
    .option("--pin-folder <path>", "where maps are pinned by name (default: /sys/fs/bpf)")
    .option("-q, --quiet", "no messages about the programs themselves")
    .option("--dry-run", "say what would be loaded, and load nothing")
    .option("--fail-on-lost", "end with exit code 4 when events were lost")
    .option("--verifier-log", "show the whole log when the kernel's verifier refuses")
    .addHelpText("after", examples)
    .action(runCommand);
  addPushOptions(addTargetOptions(addClockOption(command)));
}

async function runCommand(path: string, options: RunOptions): Promise<void> {
  await using target = await connectTarget(options);
  const file = await openObject(path, target, options);
  const request = startOptions(options, file);
  const ready = await readyObject(target, file, request);
  const { prepared } = ready;
  const tell = (text: string): void => {
    if (options.quiet !== true) statusLine.print(text);
  };
  for (const { program, reason } of prepared.leftOut) tell(`left out ${program}: ${reason}\n`);
  for (const { program, reason } of prepared.unattached) {
    tell(`${program} is attached to nothing: ${reason}\n`);
  }
  if (options.dryRun === true) {
    process.stdout.write(formatObject(prepared.spec));
    return;
  }
  const trace = await startObject(target, ready, request);
  const count = prepared.spec.attachments.length;
  tell(`Attached ${count} ${count === 1 ? "probe" : "probes"} of ${file.name}\n`);
  process.exitCode = await runObject(trace, {
    format: options.f,
    output: options.o,
    interval: options.interval,
    duration: options.duration,
    maps: chooseMaps(options.maps),
    hasStreams: ready.layouts.streams.length > 0,
    namesStreams: ready.layouts.streams.length > 1,
    failsOnLost: options.failOnLost === true,
    tell,
  });
}

function startOptions(options: RunOptions, file: ObjectFile): StartObjectOptions {
  const { only, without, attach, set, event, as, types, kernelConfig, pinFolder, p: pid } = options;
  return {
    ...(only.length === 0 ? {} : { only }),
    without,
    attach: new Map(attach.map(readAttach)),
    set: set.map(readSetting),
    mapSizes: options.mapSize.map(readMapSize),
    events: event.map((text) => readEvent(text, file)),
    definitions: types.map(readText).join("\n"),
    meanings: new Map(as.map(readMeaning)),
    clock: options.clock,
    ...(kernelConfig === undefined ? {} : { kernelConfiguration: readText(kernelConfig) }),
    ...(pinFolder === undefined ? {} : { pinFolder }),
    ...(pid === undefined ? {} : { pid }),
    ...(options.verbose === true ? { onLoaded: tellLoaded } : {}),
  };
}

function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(",").filter((name) => name !== "")];
}

function words(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(/\s+/).filter((word) => word !== "")];
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function chooseMaps(maps: string | boolean | undefined): readonly string[] | undefined {
  if (maps === false) return [];
  return typeof maps === "string" ? list(maps, []) : undefined;
}

function splitPair(option: string, text: string, form: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`${option} ${text}: it is written ${option} ${form}`);
}

function readAttach(text: string): readonly [string, SectionProgram] {
  const [program, place] = splitPair("--attach", text, "PROGRAM=PROBE");
  return [program, readAttachText(place)];
}

function readSetting(text: string): Setting {
  const [name, value] = splitPair("--set", text, "VARIABLE=VALUE");
  return { name, value };
}

/** "start=10240", "stackmap=16384x1016". */
function readMapSize(text: string): MapSize {
  const [, map = "", entries, value] = /^([^=]+)=(\d{1,9})(?:x(\d{1,6}))?$/.exec(text) ?? [];
  if (entries === undefined) {
    throw new UsageError(
      `--map-size ${text}: it is written --map-size MAP=ENTRIES or MAP=ENTRIESxBYTES`,
    );
  }
  return {
    map,
    entries: Number(entries),
    ...(value === undefined ? {} : { valueSizeBytes: Number(value) }),
  };
}

/** "map=struct event", or "struct event" for all. */
function readEvent(text: string, file: ObjectFile): { map: string | undefined; type: string } {
  const at = text.indexOf("=");
  if (at > 0) return { map: text.slice(0, at), type: text.slice(at + 1) };
  const isMap = file.maps.some(({ name }) => name === text);
  if (isMap) throw new UsageError(`--event ${text}: it is written --event ${text}=TYPE`);
  return { map: undefined, type: text };
}

function readMeaning(text: string): readonly [string, FieldMeaning] {
  const [name, wanted] = splitPair("--as", text, "FIELD=MEANING");
  const meaning = fieldMeanings.find((one) => one === wanted);
  if (meaning !== undefined) return [name, meaning];
  throw new UsageError(`--as ${text}: a field can stand for ${fieldMeanings.join(", ")}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`file ${path}: ${why}`, { cause });
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= 1_000_000) return seconds;
  throw new UsageError(`${text}: not a number of seconds`);
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`-p ${text}: not a process id`);
  return Number(text);
}
