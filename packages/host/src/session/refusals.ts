import { type PlanStepResult } from "@sonde/protocol";
import { InternalError } from "../asm/internal-error.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type BuiltPlan } from "./build-plan.js";

/** An attachment that the kernel refused, and that the others can do without. */
export interface Refusal {
  readonly attachment: AttachmentSpec & { readonly kind: "kprobe" };
  /** "attach kprobe vfs_read: …". */
  readonly reason: string;
}

/** So many are named in a message. */
const mostNamed = 3;

/** What of a plan's attachments was refused. */
export function refusalsOf(
  object: ObjectSpec,
  { attachments }: BuiltPlan,
  results: readonly PlanStepResult[],
): readonly Refusal[] {
  return object.attachments.flatMap((attachment, index) => {
    const reason = results[attachments[index] ?? -1]?.refusal;
    if (reason === undefined) return [];
    if (attachment.kind !== "kprobe") {
      throw new InternalError(`a ${attachment.kind} that is not optional was left out`);
    }
    return [{ attachment, reason }];
  });
}

/** "2 of 70 probes could not be attached: kprobe:a, kprobe:b (attach kprobe a: …)". */
export function formatRefusals(refusals: readonly Refusal[], all: number): string {
  const names = refusals
    .slice(0, mostNamed)
    .map(
      ({ attachment }) => `${attachment.isReturn ? "kretprobe" : "kprobe"}:${attachment.symbol}`,
    );
  const rest = refusals.length > names.length ? ", …" : "";
  const reason = refusals[0]?.reason ?? "";
  return `${refusals.length} of ${all} probes could not be attached: ${names.join(", ")}${rest} (${reason})`;
}
