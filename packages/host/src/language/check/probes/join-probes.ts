import { type TargetDescription } from "../../../spec/target-description.js";
import { versionCode } from "../../../text/version-code.js";
import { type ActionBlock } from "../../syntax/ast.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { mentions, mentionsAsArgument } from "./reads-arguments.js";

/** Before, the kernel left out all threads but the first of a process that such a link is for (46ba0e49b642). */
const knowsProcesses = versionCode("6.10");

/**
 * Gives the uprobes of a block in one file one program, and its kprobes one, each attached to all their places at once: the
 * kernel takes some 80 ms to detach a uprobe by itself, one after the other. Which of them was hit the program is told by the
 * place's cookie.
 */
export function joinProbes(
  block: ActionBlock,
  probes: readonly ConcreteProbe[],
  target: Pick<TargetDescription, "features" | "release">,
): readonly ConcreteProbe[] {
  if (wantsTexts(block)) return probes;
  const groups = new Map<string, ConcreteProbe[]>();
  for (const probe of probes) {
    const key = groupOf(probe, block, target);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [probe]);
    else group.push(probe);
  }
  const shared = new Map<ConcreteProbe, readonly ConcreteProbe[]>();
  const taken = new Set<ConcreteProbe>();
  for (const [first, ...others] of groups.values()) {
    if (first === undefined || others.length === 0) continue;
    shared.set(first, others);
    for (const other of others) taken.add(other);
  }
  return probes.flatMap((probe) => {
    const others = shared.get(probe);
    if (others !== undefined) return [{ ...probe, others, isJoined: true }];
    return taken.has(probe) ? [] : [probe];
  });
}

/** Names are told by their number, of which functions of strings make nothing. */
function wantsTexts({ predicate, body }: ActionBlock): boolean {
  const functions = /^(strlen|strcap|strstr|strcontains|strncmp)$/;
  return mentionsAsArgument([predicate, body], functions, /^(probe|func)$/);
}

/** What probes have in common that one program does for; `undefined`: it is none of them. */
function groupOf(
  probe: ConcreteProbe,
  block: ActionBlock,
  target: Pick<TargetDescription, "features" | "release">,
): string | undefined {
  const parts = [block.predicate, block.body];
  if (probe.functionName === undefined && mentions(parts, /^func$/)) return undefined;
  switch (probe.attachment.kind) {
    case "uprobe":
      return uprobeGroup(probe, probe.attachment, parts, target);
    case "kprobe":
      return kprobeGroup(probe, probe.attachment, parts, target);
    default:
      return undefined;
  }
}

type AttachmentOf<Kind> = Extract<ConcreteProbe["attachment"], { readonly kind: Kind }>;

function uprobeGroup(
  { type, is32Bit, usdtArguments, userParameters }: ConcreteProbe,
  { path, isReturn, pid, ifRefused }: AttachmentOf<"uprobe">,
  parts: readonly unknown[],
  { features, release }: Pick<TargetDescription, "features" | "release">,
): string | undefined {
  if (!features.includes("uprobe_multi") || ifRefused !== undefined) return undefined;
  if (pid !== undefined && versionCode(release) < knowsProcesses) return undefined;
  if (userParameters !== undefined) return undefined;
  if (usdtArguments !== undefined && mentions(parts, /^arg[0-9]+$/)) return undefined;
  return JSON.stringify([path, type, isReturn, pid, is32Bit]);
}

/** What a program of many functions is not given: registers that hold no argument, and the stack (kernel/trace/fprobe.c). */
const ownOfKprobe = /^(reg|ctx|arg([6-9]|[0-9]{2}))$/;

/** Modules' functions are found by addresses only, and places within a function not at all. */
function kprobeGroup(
  { type }: ConcreteProbe,
  { symbol, offset, isReturn, ifRefused, isOneOfMany }: AttachmentOf<"kprobe">,
  parts: readonly unknown[],
  { features }: Pick<TargetDescription, "features">,
): string | undefined {
  if (!features.includes("kprobe_multi") || !features.includes("attach_cookie")) return undefined;
  // One of many that is refused is warned of: they are attached one by one then.
  if (ifRefused !== undefined && isOneOfMany === undefined) return undefined;
  if (symbol.includes(":") || offset !== 0n || mentions(parts, ownOfKprobe)) return undefined;
  return JSON.stringify([type, isReturn]);
}
