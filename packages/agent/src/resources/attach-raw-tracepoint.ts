import { type Target } from "../features/target.js";
import { MissingError } from "../kernel/errors.js";
import { Attachment } from "./attachment.js";

/** Attaches to a tracepoint before its record is made. Throws MissingError, SyscallError. */
export function attachRawTracepoint(
  { bpf, kernel }: Target,
  program: number,
  { name }: { readonly name: string },
): Attachment {
  const action = `attach raw tracepoint ${name}`;
  const result = bpf.openRawTracepoint(program, name);
  if (kernel.isErrno(result, "ENOENT")) {
    throw new MissingError(`${action}: this kernel has none of that name`);
  }
  const link = kernel.check(action, "bpf(BPF_RAW_TRACEPOINT_OPEN)", result);
  return new Attachment(kernel, {
    mechanism: "raw tracepoint",
    links: [link],
    events: [],
    detachesWithEvent: false,
  });
}
