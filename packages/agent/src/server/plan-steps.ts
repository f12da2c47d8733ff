import { type Handle, type PlanStep, type Reference } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { NotSupportedError, RefusalError, RequestError } from "../kernel/errors.js";
import { BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_RINGBUF } from "../kernel/uapi.js";
import { attachKprobe } from "../resources/attach-kprobe.js";
import { attachPerfEvent } from "../resources/attach-perf-event.js";
import { attachRawTracepoint } from "../resources/attach-raw-tracepoint.js";
import { attachTracepoint } from "../resources/attach-tracepoint.js";
import { attachTracing } from "../resources/attach-tracing.js";
import { attachUprobe } from "../resources/attach-uprobe.js";
import { type Attachment } from "../resources/attachment.js";
import { type StreamOutlet } from "../resources/event-stream.js";
import { attachKprobeMulti, attachUprobeMulti } from "../resources/attach-multi.js";
import { LoadedBtf } from "../resources/loaded-btf.js";
import { LoadedMap } from "../resources/loaded-map.js";
import { LoadedProgram } from "../resources/loaded-program.js";
import { openPerfStream, openTaskStream } from "../resources/perf-reader.js";
import { type ProbeEvents } from "../resources/probe-events.js";
import { type Resource } from "../resources/resource.js";
import { openRingStream } from "../resources/ring-reader.js";
import { type HandledObject } from "./handle-table.js";

/** What a step works with. */
export interface StepContext {
  readonly target: Target;
  readonly probeEvents: ProbeEvents;
  /** Throws HandleError. */
  requireMap(reference: Reference): LoadedMap;
  /** Throws HandleError. */
  requireProgram(reference: Reference): LoadedProgram;
  /** Throws HandleError. */
  requireMapOrProgram(reference: Reference): LoadedMap | LoadedProgram;
  /** Throws HandleError. */
  requireBtf(reference: Reference): LoadedBtf;
  /** For the stream that the step makes. */
  createOutlet(): StreamOutlet;
}

/** What a step has made or found out. */
export interface StepOutcome {
  readonly made?: { readonly object: HandledObject; readonly resource: Resource };
  /** Set when the name had to be known before the thing was made. */
  readonly name?: Handle;
  readonly mechanism?: string;
  readonly returnValue?: number;
  /** What the verifier said. */
  readonly log?: string;
  /** Why an optional step made nothing. */
  readonly refusal?: string;
}

/** As the protocol has it. */
const longestRefusal = 1024;

type StepRunners = {
  readonly [K in PlanStep["kind"]]: (
    context: StepContext,
    step: Extract<PlanStep, { kind: K }>,
  ) => StepOutcome;
};

const runners: StepRunners = {
  createMap(context, { types, inner, ...step }) {
    const map = LoadedMap.create(context.target, {
      ...step,
      ...(types === undefined
        ? {}
        : { types: { ...types, btf: context.requireBtf(types.btf).fd } }),
      ...(inner === undefined ? {} : { inner: context.requireMap(inner).fd }),
    });
    return { made: { object: { kind: "map", map }, resource: map } };
  },

  fillMap(context, { map: reference, entries }) {
    const map = context.requireMap(reference);
    for (const { key, value } of entries) map.update(key, value);
    return {};
  },

  fillSlots(context, { map: reference, slots }) {
    const map = context.requireMap(reference);
    for (const { index, object } of slots) {
      map.putDescriptor(index, context.requireMapOrProgram(object).fd);
    }
    return {};
  },

  freezeMap(context, { map }) {
    context.requireMap(map).freeze();
    return {};
  },

  loadBtf({ target }, { data }) {
    const btf = LoadedBtf.load(target, data);
    return { made: { object: { kind: "btf", btf }, resource: btf } };
  },

  openModuleBtf({ target }, { module }) {
    const btf = LoadedBtf.openModule(target, module);
    return { made: { object: { kind: "btf", btf }, resource: btf } };
  },

  loadProgram(context, { types, attachBtf, moduleReferences, functionModules, ...step }) {
    const maps = step.maps.map(({ instruction, map, valueOffset }) => ({
      instruction,
      map: context.requireMap(map).fd,
      valueOffset,
    }));
    const fdOf = (reference: Reference): number => context.requireBtf(reference).fd;
    const program = LoadedProgram.load(context.target, {
      ...step,
      maps,
      ...(types === undefined ? {} : { types: { ...types, btf: fdOf(types.btf) } }),
      ...(attachBtf === undefined ? {} : { attachBtf: fdOf(attachBtf) }),
      ...(moduleReferences === undefined
        ? {}
        : {
            moduleReferences: moduleReferences.map(({ instruction, btf }) => ({
              instruction,
              btf: fdOf(btf),
            })),
          }),
      // The first place stands for the kernel itself.
      ...(functionModules === undefined ? {} : { descriptors: [0, ...functionModules.map(fdOf)] }),
    });
    const made = { object: { kind: "program", program }, resource: program } as const;
    return { made, ...(program.log === undefined ? {} : { log: program.log }) };
  },

  attachTracepoint(context, step) {
    const { fd } = context.requireProgram(step.program);
    return attach(step, () => attachTracepoint(context.target, fd, step));
  },

  attachRawTracepoint(context, step) {
    const { fd } = context.requireProgram(step.program);
    return attach(step, () => attachRawTracepoint(context.target, fd, step));
  },

  attachTracing(context, step) {
    const program = context.requireProgram(step.program);
    return attach(step, () => attachTracing(context.target, program, step.pinPath));
  },

  attachKprobe(context, step) {
    const { fd } = context.requireProgram(step.program);
    return attach(step, () => attachKprobe(context.target, context.probeEvents, fd, step));
  },

  attachUprobe(context, step) {
    const { fd } = context.requireProgram(step.program);
    return attach(step, () => attachUprobe(context.target, context.probeEvents, fd, step));
  },

  attachKprobeMulti(context, step) {
    const program = context.requireProgram(step.program);
    return attach({}, () => attachKprobeMulti(context.target, program, step));
  },

  attachUprobeMulti(context, step) {
    const program = context.requireProgram(step.program);
    return attach({}, () => attachUprobeMulti(context.target, program, step));
  },

  attachPerfEvent(context, step) {
    const { fd } = context.requireProgram(step.program);
    return attach(step, () => attachPerfEvent(context.target, fd, step));
  },

  runProgram(context, step) {
    return { returnValue: context.requireProgram(step.program).run() };
  },

  openStream(context, step) {
    const map = context.requireMap(step.map);
    const lossMap = step.lossMap === undefined ? undefined : context.requireMap(step.lossMap);
    if (map.hasStream) {
      throw new RequestError(
        `${map.describe("open")}: it is a stream already, and can be only one`,
      );
    }
    const outlet = context.createOutlet();
    const open = streamOpener(map);
    const stream = open(context.target, { ...step, map, lossMap }, outlet);
    const made = { object: { kind: "stream", stream }, resource: stream } as const;
    return { made, name: outlet.stream };
  },

  openTaskStream(context, { pid, ...step }) {
    const outlet = context.createOutlet();
    const stream = openTaskStream(context.target, { ...step, pid }, outlet);
    const made = { object: { kind: "stream", stream }, resource: stream } as const;
    return { made, name: outlet.stream };
  },
};

/** Does one step. Throws a RefusalError. */
export function runStep(context: StepContext, step: PlanStep): StepOutcome {
  // The entry is the one of exactly this kind of step; TypeScript does not follow the index into the table.
  const run = runners[step.kind] as (context: StepContext, step: PlanStep) => StepOutcome;
  return run(context, step);
}

/** What an optional step is refused becomes its result. */
function attach(
  { isOptional }: { readonly isOptional?: boolean | undefined },
  make: () => Attachment,
): StepOutcome {
  try {
    const attachment = make();
    return {
      made: { object: { kind: "attachment", attachment }, resource: attachment },
      mechanism: attachment.mechanism,
    };
  } catch (error) {
    if (isOptional !== true || !(error instanceof RefusalError)) throw error;
    return { refusal: error.message.slice(0, longestRefusal) };
  }
}

function streamOpener(map: LoadedMap): typeof openRingStream {
  switch (map.attributes.type) {
    case BPF_MAP_TYPE_RINGBUF:
      return openRingStream;
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return openPerfStream;
    default:
      throw new NotSupportedError(
        `${map.describe("open")}: a map of type ${map.attributes.type} is no stream`,
      );
  }
}
