import { type Target } from "../features/target.js";
import { RefusedError } from "../kernel/errors.js";
import { Attachment } from "./attachment.js";
import { type LoadedProgram } from "./loaded-program.js";

const pinHint =
  "there must be no such file yet, and bpffs mounted there: mount -t bpf bpf /sys/fs/bpf";

/**
 * Attaches a program to what its BTF id says: tp_btf, fentry, fexit, iter. `pinPath`: where its link is put once it is enabled.
 * Throws RefusedError.
 */
export function attachTracing(
  { bpf, kernel }: Target,
  program: LoadedProgram,
  pinPath?: string,
): Attachment {
  const action = `attach program "${program.name}"`;
  const attached = (mechanism: string, link: number): Attachment => {
    const parts = { mechanism, links: [link], events: [], detachesWithEvent: false };
    if (pinPath === undefined) return new Attachment(kernel, parts);
    const onEnable = (): void => {
      const what = `pin program "${program.name}" at ${pinPath}`;
      kernel.check(what, "bpf(BPF_OBJ_PIN)", bpf.pin(link, pinPath), { hint: pinHint });
    };
    return new Attachment(kernel, { ...parts, onEnable });
  };

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
