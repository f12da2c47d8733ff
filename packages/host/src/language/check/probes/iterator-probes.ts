import { type AttachPointContext, isPattern } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

/** `iter:task`: for each of what the kernel can go through, once, `ctx` being what is at hand. */
export function expandIterator(context: AttachPointContext): ConcreteProbe[] {
  const [first, pin] = context.parts;
  if (first === undefined || first.text === "" || context.parts.length > 2) {
    context.fault("iter probe type takes 2 arguments (1 optional)", context.span, [
      "It is written iter:task.",
    ]);
    return [];
  }
  const name = first.text;
  if (isPattern(name)) {
    context.fault("iter probe type does not support wildcards");
    return [];
  }
  const structure = `struct bpf_iter__${name}`;
  const answer = context.ask<"kernelType">({ kind: "kernelType", name: structure });
  if (answer === undefined) return [];
  if (answer.type === undefined) {
    context.fault(`iter ${name} not available for your kernel version.`);
    return [];
  }
  return [
    {
      name: `iter:${name}`,
      type: "iter",
      programType: "tracing",
      place: { expectedAttachType: "trace_iter", attachTo: `bpf_iter_${name}` },
      attachment: {
        kind: "iterator",
        ...(pin === undefined || pin.text === "" ? {} : { pinPath: pinPathOf(pin.text) }),
        ...context.optional,
      },
      context: "none",
      contextType: structure,
      functionName: undefined,
      fields: [],
      parameters: undefined,
      result: undefined,
      pointerSpace: "kernel",
      span: context.span,
    },
  ];
}

/** A name alone is one below where bpffs is. */
function pinPathOf(name: string): string {
  return name.startsWith("/") ? name : `/sys/fs/bpf/${name}`;
}

/** Whether what it writes is for who reads its file, and nobody else. */
export function isPinned({ attachment }: Pick<ConcreteProbe, "attachment">): boolean {
  return attachment.kind === "iterator" && attachment.pinPath !== undefined;
}
