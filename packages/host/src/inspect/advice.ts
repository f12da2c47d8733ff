import { versionCode } from "../text/version-code.js";
import { type TargetFacts } from "./target-facts.js";
import { type KernelConfig } from "./kernel-config.js";
import { everyKind, type ProbeKind } from "./probe-kind.js";
import { type TrialResult } from "./try-probe-kind.js";

/** What a person can do about a kind of probe that does not work, most promising first. */
export async function adviseOn(
  kind: ProbeKind,
  result: TrialResult,
  facts: TargetFacts,
): Promise<readonly string[]> {
  if (result.state === "supported") return [];
  const lacking = lackingCapabilities(facts);
  // Whoever may not ask learns nothing of what the kernel has.
  if (/\b(EPERM|EACCES)\b/.test(result.reason ?? "") && lacking.length > 0) {
    return [`start the agent as root, or give it ${lacking.join(" and ")}`];
  }
  const config = await facts.config();
  const found = [
    ...mountAdvice(kind, facts),
    ...btfAdvice(kind, facts, config),
    ...settingAdvice(kind, facts),
    ...kernelAdvice(kind, facts, config),
  ];
  if (found.length > 0) return found;
  return [kind.usualReason, result.hint].filter((one) => one !== undefined);
}

/** Of those that all tracing needs, as the agent says it. */
function lackingCapabilities({ description }: TargetFacts): readonly string[] {
  const { lacking } = description.privileges;
  return ["CAP_BPF", "CAP_PERFMON"].filter((name) =>
    lacking.some((sentence) => sentence.startsWith(`the agent lacks ${name}:`)),
  );
}

function mountAdvice({ needsTracefs }: ProbeKind, { description }: TargetFacts): readonly string[] {
  if (needsTracefs !== true || description.tracefs !== "") return [];
  return ["on the target: mount -t tracefs tracefs /sys/kernel/tracing"];
}

/** A kernel attaches by its own BTF: a file tells us the ids in it, when it has them and does not show them. */
function btfAdvice(
  { needsBtf }: ProbeKind,
  { description }: TargetFacts,
  config: KernelConfig | undefined,
): readonly string[] {
  if (needsBtf !== true || description.btfSizeBytes > 0) return [];
  if (config?.has("CONFIG_DEBUG_INFO_BTF") === false) return [];
  return [
    "if the kernel was built with CONFIG_DEBUG_INFO_BTF, give its types: --btf FILE (raw) or --vmlinux FILE",
  ];
}

function settingAdvice({ needsJit }: ProbeKind, { settings }: TargetFacts): readonly string[] {
  if (needsJit !== true || settings.get("net.core.bpf_jit_enable") !== "0") return [];
  return ["on the target: sysctl -w net.core.bpf_jit_enable=1 (it is 0)"];
}

function kernelAdvice(
  { options, since, needsBtf }: ProbeKind,
  { description }: TargetFacts,
  config: KernelConfig | undefined,
): readonly string[] {
  // Vendors' kernels have newer things too, which is why this only explains.
  if (versionCode(description.release) < versionCode(since)) {
    return [`a kernel of ${since} or later (this is ${description.release})`];
  }
  const all = [...everyKind, ...options];
  if (config !== undefined) {
    const lacking = all.filter((option) => !config.has(option));
    if (lacking.length === 0) return [];
    return [`a kernel with ${lacking.join(", ")} (not set in ${config.path})`];
  }
  // BTF is there or it is not: that needs no option to be told.
  if (options.length === 0 || (needsBtf === true && description.btfSizeBytes > 0)) return [];
  return [
    `a kernel with ${options.join(", ")} (it shows no configuration: /proc/config.gz and /boot/config-${description.release} cannot be read)`,
  ];
}
