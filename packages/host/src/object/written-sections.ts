import { assertNever } from "../asm/internal-error.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type ProgramSpec } from "../spec/program-spec.js";

/** The section of a program, by whose name libbpf knows what it is and where it belongs. */
export function sectionOf({ attachments }: ObjectSpec, program: ProgramSpec): string {
  const attachment = attachments.find((one) => one.program === program.name);
  // One that is run and attached to nothing.
  return attachment === undefined ? "raw_tp" : nameOf(attachment, program);
}

function nameOf(
  attachment: AttachmentSpec,
  { attachTo = "", expectedAttachType }: ProgramSpec,
): string {
  switch (attachment.kind) {
    case "tracepoint":
      return `tp/${attachment.category}/${attachment.name}`;
    case "rawTracepoint":
      return `raw_tp/${attachment.name}`;
    case "iterator":
      return `iter/${attachTo.replace(/^bpf_iter_/, "")}`;
    case "tracing": {
      if (expectedAttachType === "trace_fentry") return `fentry/${attachTo}`;
      if (expectedAttachType === "trace_fexit") return `fexit/${attachTo}`;
      return `tp_btf/${attachTo.replace(/^btf_trace_/, "")}`;
    }
    case "kprobe": {
      const kind = attachment.isReturn ? "kretprobe" : "kprobe";
      const offset = attachment.offset === 0n ? "" : `+${attachment.offset}`;
      return `${kind}/${attachment.symbol}${offset}`;
    }
    case "kprobeMulti":
      return attachment.isReturn ? "kretprobe.multi" : "kprobe.multi";
    case "uprobe": {
      const kind = attachment.isReturn ? "uretprobe" : "uprobe";
      return `${kind}/${attachment.path}:0x${attachment.offset.toString(16)}`;
    }
    case "uprobeMulti":
      return attachment.isReturn ? "uretprobe.multi" : "uprobe.multi";
    case "perfEvent":
      return "perf_event";
    default:
      return assertNever(attachment);
  }
}
