import { type Target } from "../features/target.js";
import { RefusedError } from "../kernel/errors.js";
import { setPerfEventProgram } from "../kernel/perf.js";
import { BPF_PERF_EVENT } from "../kernel/uapi.js";

/** How a program was bound to a perf event. */
export type Binding =
  | { readonly mechanism: "perf event link"; readonly link: number }
  | { readonly mechanism: "PERF_EVENT_IOC_SET_BPF"; readonly link: undefined };

/** Binds by a link (5.15), whose closing detaches; else for as long as the event lives. Throws RefusedError, SyscallError. */
export function bindProgram(
  { bpf, kernel }: Target,
  action: string,
  event: number,
  program: number,
  cookie?: bigint,
): Binding {
  const link = bpf.createLink({ program, target: event, attachType: BPF_PERF_EVENT, cookie });
  if (link >= 0) return { mechanism: "perf event link", link };
  // The program would take the cookie that it does not have for 0.
  if (cookie !== undefined) throw kernel.failure(action, "bpf(BPF_LINK_CREATE)", -link);

  const result = setPerfEventProgram(kernel, event, program);
  if (result >= 0) return { mechanism: "PERF_EVENT_IOC_SET_BPF", link: undefined };

  throw new RefusedError(action, [
    {
      mechanism: "perf event link",
      error: kernel.failure(action, "bpf(BPF_LINK_CREATE)", -link),
    },
    {
      mechanism: "PERF_EVENT_IOC_SET_BPF",
      error: kernel.failure(action, "ioctl(PERF_EVENT_IOC_SET_BPF)", -result),
    },
  ]);
}
