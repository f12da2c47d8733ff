import { assemble } from "../asm/assemble.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { mapTypes } from "../spec/map-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { attachTypes, programTypes } from "../spec/program-spec.js";
import {
  type Handle,
  type Plan,
  type PlanStep,
  type PlanStepResult,
  type Reference,
} from "@sonde/protocol";

export interface PlanOptions {
  readonly byteOrder: "little" | "big";
  /** In flight at most, for each stream. */
  readonly creditBytes: number;
  readonly gatherMilliseconds: number;
  /** Of each CPU's buffer, where the kernel has no ring buffer. */
  readonly perfPages: number;
  /** The BTF id of a program's `attachTo`; asked only for programs that have one. */
  readonly btfId?: (attachTo: string) => number;
}

/** A plan, and which of its steps makes what: indexes into `plan.steps` by the name in the object. */
export interface BuiltPlan {
  readonly plan: Plan;
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: ReadonlyMap<string, number>;
  /** By the name of the stream's map. */
  readonly streams: ReadonlyMap<string, number>;
  /** Of the object's attachments, in their order. */
  readonly attachments: readonly number[];
}

/**
 * Turns a blueprint into the one message that makes it real: maps and what they hold, programs, streams, the programs
 * that run at the start, and attachments last. What runs at the end is left to the trace.
 */
export function buildPlan(object: ObjectSpec, options: PlanOptions): BuiltPlan {
  const steps: PlanStep[] = [];
  const maps = new Map<string, number>();
  const programs = new Map<string, number>();
  const streams = new Map<string, number>();
  const step = (index: number | undefined): Reference => ({ step: index ?? -1 });

  for (const map of object.maps) {
    maps.set(map.name, steps.length);
    steps.push({
      kind: "createMap",
      name: kernelName(map.name),
      type: mapTypes[map.type],
      keySizeBytes: map.keySizeBytes,
      valueSizeBytes: map.valueSizeBytes,
      maxEntries: map.maxEntries,
      flags: map.flags,
    });
  }
  for (const map of object.maps) {
    if (map.contents === undefined || map.contents.length === 0) continue;
    steps.push({ kind: "fillMap", map: step(maps.get(map.name)), entries: [...map.contents] });
  }
  for (const program of object.programs) {
    const { bytes, mapReferences } = assemble(program.instructions, options.byteOrder);
    programs.set(program.name, steps.length);
    steps.push({
      kind: "loadProgram",
      name: kernelName(program.name),
      type: programTypes[program.type],
      expectedAttachType:
        program.expectedAttachType === undefined ? 0 : attachTypes[program.expectedAttachType],
      attachBtfId: program.attachTo === undefined ? 0 : (options.btfId?.(program.attachTo) ?? 0),
      instructions: bytes,
      maps: mapReferences.map((reference) => ({
        instruction: reference.instruction,
        map: step(maps.get(reference.map)),
        ...(reference.valueOffset === undefined ? {} : { valueOffset: reference.valueOffset }),
      })),
      license: program.license,
      flags: 0,
    });
  }
  for (const stream of object.streams) {
    streams.set(stream.map, steps.length);
    steps.push({
      kind: "openStream",
      map: step(maps.get(stream.map)),
      creditBytes: options.creditBytes,
      gatherMilliseconds: options.gatherMilliseconds,
      perfPages: options.perfPages,
      lossMap: step(maps.get(stream.lossMap)),
    });
  }
  for (const run of object.runs) {
    if (run.when === "start")
      steps.push({ kind: "runProgram", program: step(programs.get(run.program)) });
  }
  const attachments: number[] = [];
  for (const attachment of object.attachments) {
    attachments.push(steps.length);
    steps.push(attachStep(attachment, step(programs.get(attachment.program))));
  }
  return { plan: { steps }, maps, programs, streams, attachments };
}

function attachStep(attachment: AttachmentSpec, program: Reference): PlanStep {
  switch (attachment.kind) {
    case "tracepoint":
      return {
        kind: "attachTracepoint",
        program,
        category: attachment.category,
        name: attachment.name,
      };
    case "rawTracepoint":
      return { kind: "attachRawTracepoint", program, name: attachment.name };
    case "tracing":
      return { kind: "attachTracing", program };
    case "kprobe":
      return {
        kind: "attachKprobe",
        program,
        symbol: attachment.symbol,
        offset: attachment.offset,
        isReturn: attachment.isReturn,
        ...(attachment.ifRefused === undefined ? {} : { isOptional: true }),
      };
    case "uprobe":
      return {
        kind: "attachUprobe",
        program,
        path: attachment.path,
        offset: attachment.offset,
        isReturn: attachment.isReturn,
        pid: attachment.pid ?? 0,
        referenceCounterOffset: attachment.referenceCounterOffset ?? 0n,
      };
    case "perfEvent":
      return {
        kind: "attachPerfEvent",
        program,
        type: attachment.type,
        config: attachment.config,
        sampling: attachment.sampling,
        cpus: attachment.cpus,
        pid: attachment.pid ?? 0,
      };
  }
}

/** What the kernel takes as an object's name: BPF_OBJ_NAME_LEN is 16 with its NUL (include/uapi/linux/bpf.h). */
function kernelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.]/g, "_").slice(0, 15);
}

/** Handles of a loaded object by the names in its blueprint. */
export interface LoadedHandles {
  readonly maps: ReadonlyMap<string, Handle>;
  readonly programs: ReadonlyMap<string, Handle>;
  readonly streams: ReadonlyMap<string, Handle>;
}

/** Names the handles that a plan's results carry. */
export function nameHandles(built: BuiltPlan, results: readonly PlanStepResult[]): LoadedHandles {
  const named = (steps: ReadonlyMap<string, number>): Map<string, Handle> => {
    const handles = new Map<string, Handle>();
    for (const [name, index] of steps) {
      const handle = results[index]?.handle;
      if (handle !== undefined) handles.set(name, handle);
    }
    return handles;
  };
  return {
    maps: named(built.maps),
    programs: named(built.programs),
    streams: named(built.streams),
  };
}
