import { lazily } from "@sonde/protocol";
import { readProcessorTime } from "../features/clocks.js";
import { Features } from "../features/features.js";
import { KernelWithout, type LackName } from "../features/kernel-without.js";
import { Target } from "../features/target.js";
import { Kernel } from "../kernel/kernel.js";
import { KernelTypes } from "../questions/kernel-types.js";
import { CpuBudget } from "../resources/cpu-budget.js";
import { ProbeEvents } from "../resources/probe-events.js";
import { type System } from "../system/system.js";

/** What all sessions of an agent share: the kernel, and what is known of it. */
export interface AgentContext {
  readonly target: Target;
  readonly features: Features;
  readonly probeEvents: ProbeEvents;
  readonly types: KernelTypes;
  /** What draining streams may cost. */
  readonly budget: CpuBudget | undefined;
  /** Ends the agent, soon. Throws a RefusalError when it may not be. */
  readonly stop: (force: boolean) => void;
}

/** `without`: features that the kernel is not to have; `processorShare`: of a processor, for the agent at most. */
export function createAgentContext(
  system: System,
  without: readonly LackName[],
  processorShare: number | undefined,
  stop: (force: boolean) => void,
): AgentContext {
  const target = new Target(
    without.length === 0 ? new Kernel(system) : new KernelWithout(system, without),
  );
  const features = lazily(() => new Features(target));
  const types = lazily(() => new KernelTypes(target.kernel));
  return {
    target,
    get features() {
      return features();
    },
    probeEvents: new ProbeEvents(target),
    get types() {
      return types();
    },
    budget:
      processorShare === undefined
        ? undefined
        : new CpuBudget(
            processorShare,
            () => system.now(),
            () => readProcessorTime(target.kernel),
          ),
    stop,
  };
}
