import { type Target } from "../features/target.js";
import { RefusedError } from "../kernel/errors.js";
import { Attachment } from "./attachment.js";
import { type LoadedProgram } from "./loaded-program.js";

/** Attaches a program to what its BTF id says: tp_btf, fentry, fexit. Throws RefusedError. */
export function attachTracing({ bpf, kernel }: Target, program: LoadedProgram): Attachment {
  const action = `attach program "${program.name}"`;
  const attached = (mechanism: string, link: number): Attachment =>
    new Attachment(kernel, { mechanism, links: [link], events: [], detachesWithEvent: false });

  const { fd, expectedAttachType } = program;
  const link = bpf.createLink({ program: fd, target: 0, attachType: expectedAttachType });
  if (link >= 0) return attached("tracing link", link);

  const older = bpf.openRawTracepoint(fd, undefined);
  if (older >= 0) return attached("BPF_RAW_TRACEPOINT_OPEN", older);

  throw new RefusedError(action, [
    { mechanism: "tracing link", error: kernel.failure(action, "bpf(BPF_LINK_CREATE)", -link) },
    {
      mechanism: "raw tracepoint",
      error: kernel.failure(action, "bpf(BPF_RAW_TRACEPOINT_OPEN)", -older),
    },
  ]);
}
