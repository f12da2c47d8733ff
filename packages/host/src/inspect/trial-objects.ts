import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type AttachType, type ProgramSpec, type ProgramType } from "../spec/program-spec.js";

const name = "sonde_trial";

type WithoutProgram<T> = T extends unknown ? Omit<T, "program"> : never;

/** A program that does nothing, attached. */
export function attachedTrial(
  type: ProgramType,
  attachment: WithoutProgram<AttachmentSpec>,
): ObjectSpec {
  return { ...withProgram({ type }), attachments: [{ ...attachment, program: name }] };
}

/** A program that does nothing, run once. */
export function runTrial(): ObjectSpec {
  return {
    ...withProgram({ type: "raw_tracepoint" }),
    runs: [{ program: name, when: "start" }],
  };
}

/** A program that does nothing, attached to what BTF names. */
export function tracingTrial(expectedAttachType: AttachType, attachTo: string): ObjectSpec {
  return {
    ...loadedTrial(expectedAttachType, attachTo),
    attachments: [{ kind: "tracing", program: name }],
  };
}

/** The same, loaded and not attached. */
export function loadedTrial(expectedAttachType: AttachType, attachTo: string): ObjectSpec {
  return withProgram({ type: "tracing", expectedAttachType, attachTo });
}

function withProgram(
  how: Pick<ProgramSpec, "type" | "expectedAttachType" | "attachTo">,
): ObjectSpec {
  return {
    maps: [],
    programs: [
      {
        ...how,
        name,
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
    attachments: [],
    runs: [],
    streams: [],
  };
}
