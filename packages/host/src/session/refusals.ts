import { RemoteError, type PlanStepResult } from "@sonde/protocol";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type BuiltPlan } from "./build-plan.js";

/** An attachment that the kernel refused, and that the others can do without. */
export interface Refusal {
  readonly attachment: AttachmentSpec;
  /** "attach kprobe vfs_read: …". */
  readonly reason: string;
}

/** A probe that the kernel refused, and that the program does not do without. */
export class UnattachedError extends RemoteError {
  override readonly name = "UnattachedError";
  readonly probe: string;

  constructor(probe: string, cause: RemoteError) {
    super(cause.details, { cause });
    this.probe = probe;
  }
}

/** So many are named each on its own, and in one message. */
const mostTold = 10;
const mostNamed = 3;

/** What of a plan's attachments was refused. */
export function refusalsOf(
  object: ObjectSpec,
  { attachments }: BuiltPlan,
  results: readonly PlanStepResult[],
): readonly Refusal[] {
  return object.attachments.flatMap((attachment, index) => {
    const reason = results[attachments[index] ?? -1]?.refusal;
    return reason === undefined ? [] : [{ attachment, reason }];
  });
}

/** The probe that a plan failed at, when it was one: its attachment, or its program without a word of the verifier's. */
export function refusedProbe(
  object: ObjectSpec,
  { attachments, programs }: BuiltPlan,
  { step, log }: RemoteError["details"],
): string | undefined {
  return object.attachments.find(({ program }, index) => {
    const isLoaded = log === undefined && programs.get(program) === step;
    return step !== undefined && (isLoaded || attachments[index] === step);
  })?.probe;
}

/** "Unable to attach probe: hardware:cycles. Skipping. (attach …)"; of many: "2 of 70 probes could not be attached: …". */
export function formatRefusals(refusals: readonly Refusal[], all: number): readonly string[] {
  if (refusals.length <= mostTold) {
    return refusals.map(
      ({ attachment, reason }) =>
        `Unable to attach probe: ${nameOf(attachment)}. Skipping. (${reason})`,
    );
  }
  const names = refusals.slice(0, mostNamed).map(({ attachment }) => nameOf(attachment));
  const reason = refusals[0]?.reason ?? "";
  return [
    `${refusals.length} of ${all} probes could not be attached: ${names.join(", ")}, … (${reason})`,
  ];
}

function nameOf({ probe, kind }: AttachmentSpec): string {
  return probe ?? kind;
}
