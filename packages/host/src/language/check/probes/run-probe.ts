import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

type RunAttachment = Extract<ConcreteProbe["attachment"], { readonly kind: "run" }>;

/** A probe of no event of the kernel's: its program is run by the host's word. */
export function runProbe(
  { type, span }: AttachPointContext,
  name: string,
  when: RunAttachment["when"],
): ConcreteProbe {
  return {
    name,
    type,
    programType: "raw_tracepoint",
    place: undefined,
    attachment: { kind: "run", when },
    context: "none",
    functionName: undefined,
    fields: [],
    parameters: undefined,
    result: undefined,
    pointerSpace: "kernel",
    span,
  };
}
