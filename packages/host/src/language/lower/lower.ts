import { InternalError } from "../../asm/internal-error.js";
import { type MapSpec } from "../../spec/map-spec.js";
import { mapFlags } from "../../spec/map-spec.js";
import { type AttachmentSpec, type RunSpec, type UserPlace } from "../../spec/attachment-spec.js";
import { type ObjectSpec } from "../../spec/object-spec.js";
import { type ProgramType } from "../../spec/program-spec.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type CheckedProbe, type CheckedProgram } from "../check/checked-program.js";
import { type IrProgram } from "../ir.js";
import { type Channel, hasFeature, ownMaps } from "./lowering.js";
import { lowerProbe } from "./probe.js";
import { stackMapSpec } from "./stack.js";
import { lowerStartTime, startProgramName } from "./start-time.js";
import { isControlRecord } from "./statement.js";
import { unwindMapSpec, unwindPagesSpec } from "./unwind-map.js";

export interface LowerOptions {
  /** Of the ring buffer when the program does not say; a power of two and a multiple of the page size. */
  readonly ringSizeBytes?: number;
  /** Only this process is traced by probes that can be limited to one. */
  readonly pid?: number;
}

/** A program in the intermediate form, and what it is attached to. */
export interface LoweredProgram {
  readonly ir: IrProgram;
  readonly type: ProgramType;
  /** `undefined`: the compiler's own, which stores the time of the start. */
  readonly probe: CheckedProbe | undefined;
}

export interface Lowered {
  readonly programs: readonly LoweredProgram[];
  /** All but the programs, which lack their instructions still. */
  readonly object: Omit<ObjectSpec, "programs">;
}

/** Of a ring buffer, where neither the program nor its caller says. */
export const defaultRingBytes = 4 << 20;

/** Writes a checked program in the intermediate form, with the maps and attachments that it needs. */
export function lower(
  program: CheckedProgram,
  target: TargetDescription,
  options: LowerOptions = {},
): Lowered {
  const channel = chooseChannel(program, target, options);
  const programs: LoweredProgram[] = [];
  let scratchBytes = 0;
  let scratchCount = 0;
  if (program.usesElapsed) {
    programs.push({ ir: lowerStartTime(target), type: "raw_tracepoint", probe: undefined });
  }
  program.probes.forEach((probe, index) => {
    const name = programName(probe, index);
    const input = { program, probe, target, channel, pid: options.pid, name };
    const lowered = lowerProbe({ ...input, scratchIndex: scratchCount });
    scratchCount += lowered.scratchElements;
    scratchBytes = Math.max(scratchBytes, lowered.scratchBytes);
    programs.push({ ir: lowered.ir, type: probe.programType, probe });
  });
  const used = usedMaps(programs);
  const maps = [
    ...program.maps.map(({ spec }) => spec),
    ...[
      ...ownMapSpecs(target, channel, { scratchBytes, scratchCount }),
      ...program.stackLimits.map((limit) => stackMapSpec(limit, target)),
      ...(program.unwinding === undefined
        ? []
        : [unwindMapSpec(program.unwinding.files, target), unwindPagesSpec]),
    ].filter((spec) => used.has(spec.name)),
  ];
  const hasEvents = used.has(ownMaps.events);
  return {
    programs,
    object: {
      maps,
      attachments: attachmentsOf(programs),
      runs: runsOf(programs),
      streams: hasEvents ? [{ map: ownMaps.events, lossMap: ownMaps.loss }] : [],
    },
  };
}

function chooseChannel(
  program: CheckedProgram,
  target: TargetDescription,
  { ringSizeBytes }: LowerOptions,
): Channel {
  if (!hasFeature(target, "ringbuf")) return { kind: "perf" };
  const { ringPages } = program.config;
  const wanted =
    ringPages === undefined ? (ringSizeBytes ?? defaultRingBytes) : ringPages * target.pageSize;
  // The kernel takes powers of two from a page on.
  const sizeBytes = 2 ** Math.ceil(Math.log2(Math.max(wanted, target.pageSize)));
  return {
    kind: "ring",
    sizeBytes,
    keepsRoomForControl: program.layout.records.some(isControlRecord),
  };
}

/** "sonde_3_openat": unique by its number, and as much of what the probe is called as the kernel keeps. */
function programName(probe: CheckedProbe, index: number): string {
  const parts = probe.name.split(":");
  // "interval:s:1" is better known by its first part.
  const telling = parts.findLast((part) => !/^[0-9]*$/.test(part) && part.length > 2) ?? "";
  const readable = telling.replace(/^sys_(enter|exit)_/, "").replace(/[^A-Za-z0-9_]/g, "_");
  return `sonde_${index + 1}_${readable}`.slice(0, 15).replace(/_+$/, "");
}

function usedMaps(programs: readonly LoweredProgram[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { ir } of programs) {
    for (const operation of [ir, ...(ir.callbacks ?? [])].flatMap(({ operations }) => operations)) {
      if (operation.kind === "mapValue" || operation.kind === "mapPointer") used.add(operation.map);
      if (operation.kind !== "call") continue;
      for (const argument of operation.args) if (argument.kind === "map") used.add(argument.map);
    }
  }
  return used;
}

function ownMapSpecs(
  target: TargetDescription,
  channel: Channel,
  scratch: { readonly scratchBytes: number; readonly scratchCount: number },
): readonly MapSpec[] {
  const isMmapable = hasFeature(target, "map_mmapable");
  return [
    eventsMap(channel),
    {
      name: ownMaps.loss,
      type: "array",
      keySizeBytes: 4,
      valueSizeBytes: 32,
      maxEntries: 1,
      flags: isMmapable ? mapFlags.mmapable : 0,
    },
    {
      name: ownMaps.scratch,
      type: "percpu_array",
      keySizeBytes: 4,
      valueSizeBytes: scratch.scratchBytes,
      maxEntries: scratch.scratchCount,
      flags: 0,
    },
    {
      name: ownMaps.startTime,
      type: "array",
      keySizeBytes: 4,
      valueSizeBytes: 8,
      maxEntries: 1,
      flags: 0,
    },
  ];
}

function eventsMap(channel: Channel): MapSpec {
  const name = ownMaps.events;
  return channel.kind === "ring"
    ? {
        name,
        type: "ringbuf",
        keySizeBytes: 0,
        valueSizeBytes: 0,
        maxEntries: channel.sizeBytes,
        flags: 0,
      }
    : {
        name,
        type: "perf_event_array",
        keySizeBytes: 4,
        valueSizeBytes: 4,
        maxEntries: 0,
        flags: 0,
      };
}

function attachmentsOf(programs: readonly LoweredProgram[]): readonly AttachmentSpec[] {
  return programs.flatMap(({ ir, probe }): AttachmentSpec[] => {
    if (probe === undefined) return [];
    if (probe.isJoined === true) return [joinedAttachment(ir.name, probe)];
    return [probe, ...(probe.others ?? [])].flatMap(({ name, attachment }) =>
      attachment.kind === "run" ? [] : [{ ...attachment, program: ir.name, probe: name }],
    );
  });
}

/** One for all of a joined probe's places. */
function joinedAttachment(program: string, probe: CheckedProbe): AttachmentSpec {
  const { name, attachment, others = [], cookies } = probe;
  const attachments = [attachment, ...others.map((other) => other.attachment)];
  switch (attachment.kind) {
    case "uprobe": {
      const { path, isReturn, pid } = attachment;
      const places = attachments.flatMap((place, index) =>
        place.kind === "uprobe" ? [userPlace(place, cookies?.[index])] : [],
      );
      const limit = pid === undefined ? {} : { pid };
      return { kind: "uprobeMulti", program, path, places, isReturn, ...limit, probe: name };
    }
    case "kprobe": {
      const symbols = attachments.flatMap((place) =>
        place.kind === "kprobe" ? [place.symbol] : [],
      );
      const { isReturn } = attachment;
      const told = cookies === undefined ? {} : { cookies };
      return { kind: "kprobeMulti", program, symbols, isReturn, ...told, probe: name };
    }
    default:
      throw new InternalError(`${name} is joined, a ${attachment.kind}`);
  }
}

function userPlace(
  { offset, referenceCounterOffset }: Omit<UserPlace, "cookie">,
  cookie: bigint | undefined,
): UserPlace {
  return {
    offset,
    ...(referenceCounterOffset === undefined ? {} : { referenceCounterOffset }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}

function runsOf(programs: readonly LoweredProgram[]): readonly RunSpec[] {
  return programs.flatMap(({ ir, probe }): RunSpec[] => {
    if (probe === undefined) return [{ program: startProgramName, when: "start" }];
    if (probe.attachment.kind !== "run") return [];
    const { when } = probe.attachment;
    const isTest = when === "test" || when === "bench";
    return [
      { program: ir.name, when, ...(isTest ? { name: probe.name.slice(when.length + 1) } : {}) },
    ];
  });
}
