import { type Target } from "../features/target.js";
import {
  BPF_F_KPROBE_MULTI_RETURN,
  BPF_F_UPROBE_MULTI_RETURN,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_UPROBE_MULTI,
} from "../kernel/uapi.js";
import { type KprobeMultiAttributes, type UprobeMultiAttributes } from "../kernel/bpf.js";
import { Attachment } from "./attachment.js";
import { type LoadedProgram } from "./loaded-program.js";

/** Attaches to many functions of the kernel at once (5.18). Throws SyscallError. */
export function attachKprobeMulti(
  target: Target,
  program: LoadedProgram,
  request: Pick<KprobeMultiAttributes, "symbols" | "cookies"> & { readonly isReturn: boolean },
): Attachment {
  const { symbols, isReturn, cookies } = request;
  const action = `attach program "${program.name}" to ${symbols.length} functions of the kernel`;
  const link = target.bpf.createKprobeMultiLink(
    {
      program: program.fd,
      attachType: attachTypeOf(program, BPF_TRACE_KPROBE_MULTI),
      flags: isReturn ? BPF_F_KPROBE_MULTI_RETURN : 0,
      symbols,
      cookies,
    },
    target.pointerSize,
  );
  return asAttachment(target, action, link, "kprobe.multi link");
}

/** Attaches to many places of a program or library at once (6.6). Throws SyscallError. */
export function attachUprobeMulti(
  target: Target,
  program: LoadedProgram,
  request: Pick<UprobeMultiAttributes, "path" | "pid" | "places"> & { readonly isReturn: boolean },
): Attachment {
  const { path, pid, places, isReturn } = request;
  const action = `attach program "${program.name}" to ${places.length} places of ${path}`;
  const link = target.bpf.createUprobeMultiLink(
    {
      program: program.fd,
      attachType: attachTypeOf(program, BPF_TRACE_UPROBE_MULTI),
      flags: isReturn ? BPF_F_UPROBE_MULTI_RETURN : 0,
      path,
      pid,
      places,
    },
    target.pointerSize,
  );
  return asAttachment(target, action, link, "uprobe.multi link");
}

/** A session's program attaches by another type than one that runs at one end alone. */
function attachTypeOf({ expectedAttachType }: LoadedProgram, usual: number): number {
  return expectedAttachType === 0 ? usual : expectedAttachType;
}

function asAttachment(
  { kernel }: Target,
  action: string,
  result: number,
  mechanism: string,
): Attachment {
  const link = kernel.check(action, "bpf(BPF_LINK_CREATE)", result);
  return new Attachment(kernel, { mechanism, links: [link], events: [], detachesWithEvent: false });
}
