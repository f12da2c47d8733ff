import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type MapSpec } from "../spec/map-spec.js";
import { type ObjectSpec, type StreamSpec } from "../spec/object-spec.js";
import { programFlags, type ProgramSpec } from "../spec/program-spec.js";
import { type TargetDescription } from "../spec/target-description.js";
import { type KconfigExtern } from "./externs.js";
import { infoOf } from "./info-records.js";
import { kernelBtf } from "./kernel-btf.js";
import { encodeSettings, type KernelSettings } from "./kernel-settings.js";
import { linkProgram, type LinkedProgram } from "./link-program.js";
import {
  dataMapSpec,
  declaredMapSpec,
  type MapCircumstances,
  settingsMapSpec,
} from "./map-specs.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";
import { type FittedFunction, relocateTypes } from "./relocate-types.js";
import { type KernelKnowledge, type ResolvedExtern, resolveExterns } from "./resolve-externs.js";
import { type SelectedProgram, type Selection } from "./select-programs.js";

/** The selected functions' instructions for one target's types, and where its kernel has what they use. */
export interface FittedObject {
  readonly functions: ReadonlyMap<ObjectFunction, FittedFunction>;
  readonly externs: ReadonlyMap<string, ResolvedExtern>;
}

/** What else decides how an object is loaded. */
export interface SpecInput {
  readonly target: Pick<TargetDescription, "features" | "pageSize" | "byteOrder">;
  readonly settings: KernelSettings;
  readonly attachments: readonly AttachmentSpec[];
  /** What global variables hold in place of what the object says, by the section. */
  readonly data?: ReadonlyMap<string, Uint8Array>;
  /** Where maps are that are pinned by name; /sys/fs/bpf unless said. */
  readonly pinFolder?: string;
}

/** A blueprint made of an object, and what in it the target lacks. */
export interface BuiltObject {
  readonly spec: ObjectSpec;
  /** By program: instructions that must not be reached, with the reasons. */
  readonly poisoned: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** Fits an object to the target's types and symbols. Throws ObjectError. */
export function fitObject(
  file: ObjectFile,
  selection: Selection,
  kernel: KernelKnowledge,
): FittedObject {
  return {
    functions: relocateTypes(file, selection.table, selection.functions, kernel.types),
    externs: resolveExterns(file, selection.externs, kernel),
  };
}

/** Makes the blueprint of what was selected of an object. Throws ObjectError. */
export function buildObjectSpec(
  file: ObjectFile,
  selection: Selection,
  fitted: FittedObject,
  input: SpecInput,
): BuiltObject {
  const { features, pageSize } = input.target;
  const types = kernelBtf(file, features);
  const linkInput = {
    byteOrder: file.byteOrder,
    table: selection.table,
    fitted: fitted.functions,
    externs: fitted.externs,
    replacedHelpers: features.includes("probe_read_kernel")
      ? new Map<number, number>()
      : olderReads,
  };
  const linked = selection.programs.map((program) => ({
    program,
    linked: linkProgram(program.function, linkInput),
  }));
  const circumstances: MapCircumstances = {
    features,
    pageSize,
    hasTypes: types !== undefined,
    pinFolder: input.pinFolder ?? "/sys/fs/bpf",
    programs: new Set(selection.programs.map((one) => one.function.name)),
    data: input.data ?? new Map<string, Uint8Array>(),
  };
  const maps = mapSpecs(file, selection, input, circumstances);
  return {
    spec: {
      maps,
      programs: linked.map((one) =>
        programSpec(file, selection, one.program, one.linked, types !== undefined),
      ),
      attachments: input.attachments,
      runs: [],
      streams: streams(maps),
      ...(types === undefined ? {} : { types }),
    },
    poisoned: new Map(linked.map((one) => [one.program.function.name, one.linked.poisoned])),
  };
}

/** probe_read_kernel and _user are probe_read before 5.5, and so are those of strings. */
const olderReads: ReadonlyMap<number, number> = new Map([
  [112, 4],
  [113, 4],
  [114, 45],
  [115, 45],
]);

function mapSpecs(
  file: ObjectFile,
  { externs }: Selection,
  input: SpecInput,
  circumstances: MapCircumstances,
): readonly MapSpec[] {
  const specs = file.maps.map((map) =>
    map.kind === "declared"
      ? declaredMapSpec(map, circumstances)
      : dataMapSpec(file, map, circumstances),
  );
  const settings = file.externs.filter(
    (extern): extern is KconfigExtern => extern.kind === "kconfig",
  );
  if (!settings.some(({ name }) => externs.has(name))) return specs;
  const value = encodeSettings(settings, externs, input.settings, file.byteOrder);
  return [...specs, settingsMapSpec(file, value, circumstances)];
}

function programSpec(
  file: ObjectFile,
  { table }: Selection,
  { function: one, section }: SelectedProgram,
  linked: LinkedProgram,
  hasTypes: boolean,
): ProgramSpec {
  const info = hasTypes ? file.info : undefined;
  const functionInfo = infoOf(info?.functions, linked.parts, table, file.byteOrder);
  // Lines are told of functions that are told of.
  const lines = functionInfo === undefined ? undefined : info?.lines;
  const lineInfo = infoOf(lines, linked.parts, table, file.byteOrder);
  const { attachType, attach } = section;
  return {
    name: one.name,
    type: section.type,
    ...(attachType === undefined ? {} : { expectedAttachType: attachType }),
    ...(attach.kind === "tracing" && attach.name !== undefined
      ? { attachTo: attachedName(attachType, attach.name) }
      : {}),
    instructions: [],
    finished: {
      bytes: linked.code,
      mapReferences: linked.maps,
      moduleReferences: linked.modules,
      functionModules: linked.functionModules,
      ...(functionInfo === undefined ? {} : { functionInfo }),
      ...(lineInfo === undefined ? {} : { lineInfo }),
    },
    license: file.license,
    ...(section.isSleepable ? { flags: programFlags.sleepable } : {}),
  };
}

/** What the kernel's types call what a section names. */
export function attachedName(attachType: string | undefined, name: string): string {
  switch (attachType) {
    case "trace_raw_tp":
      return `btf_trace_${name}`;
    case "lsm_mac":
      return `bpf_lsm_${name}`;
    case "trace_iter":
      return `bpf_iter_${name}`;
    default:
      return name;
  }
}

/** Every ring buffer, and every array of perf buffers. */
function streams(maps: readonly MapSpec[]): readonly StreamSpec[] {
  return maps
    .filter(({ type }) => type === "ringbuf" || type === "perf_event_array")
    .map(({ name }) => ({ map: name }));
}
