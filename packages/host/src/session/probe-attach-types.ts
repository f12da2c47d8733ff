import { RemoteError, type TargetFeatures } from "@sonde/protocol";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type AttachType } from "../spec/program-spec.js";
import { TargetError } from "./errors.js";
import { type Session } from "./session.js";

/** Ways to attach by BTF, each with something that every kernel has to try it on. */
const attempts: readonly {
  readonly name: string;
  readonly attachType: AttachType;
  readonly attachTo: readonly string[];
}[] = [
  { name: "tp_btf", attachType: "trace_raw_tp", attachTo: ["btf_trace_sched_switch"] },
  { name: "fentry", attachType: "trace_fentry", attachTo: ["do_nanosleep", "hrtimer_nanosleep"] },
  { name: "fexit", attachType: "trace_fexit", attachTo: ["do_nanosleep", "hrtimer_nanosleep"] },
];

/**
 * Tries the ways to attach that need BTF, which only the host reads: loads a program that does nothing, attaches it and
 * removes it. For `sonde info`; a trace finds out by attaching.
 */
export async function probeAttachTypes(session: Session): Promise<TargetFeatures> {
  const features: TargetFeatures = {};
  for (const { name, attachType, attachTo } of attempts) {
    features[name] = await tryAll(session, attachType, attachTo);
  }
  return features;
}

async function tryAll(
  session: Session,
  attachType: AttachType,
  candidates: readonly string[],
): Promise<TargetFeatures[string]> {
  if (!session.types.areKnown) return { state: "unsupported", reason: "the target has no BTF" };
  const kind = attachType === "trace_raw_tp" ? "typedef" : "func";
  const attachTo = await session.types.ask((types) => {
    types.expect(candidates.map((name) => ({ kind: "find", type: { kind, name } })));
    return candidates.find((name) => types.find(name, kind) !== undefined);
  });
  if (attachTo === undefined) {
    return { state: "unknown", reason: `its BTF has none of ${candidates.join(", ")}` };
  }
  try {
    await session.load(emptyProgram(attachType, attachTo));
    return { state: "supported" };
  } catch (error) {
    if (error instanceof RemoteError)
      return { state: "unsupported", reason: error.message.slice(0, 400) };
    if (error instanceof TargetError) return { state: "unknown", reason: error.message };
    throw error;
  } finally {
    await session.clear();
  }
}

function emptyProgram(attachType: AttachType, attachTo: string): ObjectSpec {
  return {
    maps: [],
    programs: [
      {
        name: "sonde_probe",
        type: "tracing",
        expectedAttachType: attachType,
        attachTo,
        license: "GPL",
        instructions: [
          {
            kind: "alu",
            operation: "mov",
            width: 64,
            destination: 0,
            source: { kind: "immediate", value: 0 },
          },
          { kind: "exit" },
        ],
      },
    ],
    attachments: [{ kind: "tracing", program: "sonde_probe" }],
    runs: [],
    streams: [],
  };
}
