import { BoardUnderTest } from "./board-under-test.js";
import { checks } from "./checks/all.js";
import { NotApplicable } from "./checks/check.js";

/**
 * @typedef {{ kind: "passed" } | { kind: "failed", reason: string } | { kind: "not applicable", reason: string }} Result
 * @typedef {{ name: string, result: Result }} Finding
 */

/**
 * Does every check on a board that runs, one after the other, over the network and then, those that are to be, over the
 * serial port. Rejects when the machine ends meanwhile.
 *
 * @param {import("./machine.js").Machine} machine
 * @param {(finding: Finding) => void} [report]
 * @param {(name: string) => boolean} [isWanted]  by the names in the table; all of them
 * @returns {Promise<readonly Finding[]>}
 */
export async function runChecks(machine, report = () => undefined, isWanted = () => true) {
  const features = machine.hasAgent ? await featuresOf(machine) : undefined;
  /** @type {Finding[]} */
  const findings = [];
  const ways = [
    { suffix: "", target: machine.networkTarget, list: checks },
    {
      suffix: " (serial)",
      target: machine.serialTarget,
      list: checks.filter(({ isSerialToo }) => isSerialToo === true),
    },
  ];
  for (const { suffix, target, list } of ways) {
    const agents = new Agents(machine, target);
    for (const check of list.filter(({ name }) => isWanted(name + suffix))) {
      const before = machine.console.length;
      const result = withConsole(
        await resultOf(check, agents, features),
        machine.console.slice(before),
      );
      machine.requireRunning();
      const finding = { name: check.name + suffix, result };
      findings.push(finding);
      report(finding);
    }
  }
  if (machine.hasAgent) await machine.stopOtherAgent();
  return findings;
}

/**
 * @param {import("./checks/check.js").Check} check
 * @param {Agents} agents
 * @param {Features | undefined} features  none when there is no agent to tell them
 * @returns {Promise<Result>}
 */
async function resultOf(check, agents, features) {
  if (features === undefined) return { kind: "not applicable", reason: "no agent is built for it" };
  for (const name of check.needs) {
    const answer = features[name];
    if (answer?.state !== "supported") {
      return { kind: "not applicable", reason: `${name}: ${answer?.reason ?? "unknown"}` };
    }
  }
  try {
    await check.run(await agents.for(check.without ?? []));
    return { kind: "passed" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof NotApplicable ? "not applicable" : "failed", reason };
  }
}

/**
 * A failure with what the board's console said meanwhile: that the agent ended, say.
 *
 * @param {Result} result
 * @param {string} said
 * @returns {Result}
 */
function withConsole(result, said) {
  if (result.kind !== "failed" || said.trim() === "") return result;
  const last = said.trim().split("\n").slice(-30).join("\n  ");
  return { ...result, reason: `${result.reason}\nIts console meanwhile:\n  ${last}` };
}

/** The agents that checks need: the board's own, and one after the other those that do without something. */
class Agents {
  #machine;
  #own;
  #other = "";

  /**
   * @param {import("./machine.js").Machine} machine
   * @param {string} target
   */
  constructor(machine, target) {
    this.#machine = machine;
    this.#own = new BoardUnderTest(machine, target);
  }

  async for(/** @type {readonly string[]} */ without) {
    if (without.length === 0) return this.#own;
    const options = `--without ${without.join()}`;
    if (this.#other !== options) {
      this.#other = "";
      await this.#machine.startOtherAgent(options);
      this.#other = options;
    }
    return new BoardUnderTest(this.#machine, this.#machine.otherTarget);
  }
}

/** @typedef {Readonly<Record<string, { state: string, reason?: string }>>} Features */

/**
 * As `sonde info` finds them. Why a kind of probe does not work, it says best itself: it knows the kernel's options.
 *
 * @returns {Promise<Features>}
 */
async function featuresOf(/** @type {import("./machine.js").Machine} */ machine) {
  const on = new BoardUnderTest(machine, machine.networkTarget);
  const { features, probes } = JSON.parse(await on.sonde("info", "--json"));
  for (const [kind, { reason, advice }] of Object.entries(probes)) {
    const feature = features[kind.replace(".", "_")];
    if (feature?.reason === undefined || advice.length === 0) continue;
    feature.reason = `${reason}; it takes: ${advice[0]}`;
  }
  return features;
}
