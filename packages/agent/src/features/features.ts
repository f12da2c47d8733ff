import { attachProbes } from "./attach-probes.js";
import { btfProbes } from "./btf-probes.js";
import { mapProbes } from "./map-probes.js";
import { type FeatureProbe, type ProbeAnswer } from "./probe.js";
import { programProbes } from "./program-probes.js";
import { type Target } from "./target.js";

const probes = [...programProbes, ...mapProbes, ...btfProbes, ...attachProbes] as const;

export type FeatureName = (typeof probes)[number]["name"];

/** Every probe, in the order in which they are asked. */
export const featureProbes: readonly FeatureProbe[] = probes;

/** What the kernel answered: conclusive answers are kept as long as the agent lives, others are asked for again. */
export class Features {
  readonly #target: Target;
  readonly #answers = new Map<string, ProbeAnswer>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** Every feature's answer, by name; a slow board is a minute at it. `pause` lets others have a turn. */
  async all(
    pause: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Record<string, ProbeAnswer>> {
    const answers: Record<string, ProbeAnswer> = {};
    for (const probe of featureProbes) {
      await pause();
      answers[probe.name] = this.#ask(probe);
    }
    return answers;
  }

  #ask(probe: FeatureProbe): ProbeAnswer {
    const known = this.#answers.get(probe.name);
    if (known !== undefined) return known;
    const answer = probe.run(this.#target);
    if (answer.state !== "unknown") this.#answers.set(probe.name, answer);
    return answer;
  }
}
