import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { test } from "@jest/globals";
import { featureProbes, type FeatureName } from "../../packages/agent/src/features/features.js";
import { type ProbeAnswer } from "../../packages/agent/src/features/probe.js";
import { Target } from "../../packages/agent/src/features/target.js";
import { Kernel } from "../../packages/agent/src/kernel/kernel.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";

/** jest's `test`, for what this machine has; else a skip that says what is lacking, or a failure. */
export type Gate = (
  name: string,
  body: () => void | Promise<void>,
  timeoutMilliseconds?: number,
) => void;

export type Decision =
  | { readonly kind: "run" }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "fail"; readonly reason: string };

export interface Feature {
  readonly name: string;
  readonly since: string;
  readonly answer: ProbeAnswer;
}

/** What a kernel may be built or run without, whatever its release: lacking it is no fault of the probe. */
const withheld: readonly string[] = ["kprobe"];

/** Tests behind this gate load programs: they need root, and a kernel that has all these features. */
export function requiresFeature(...names: readonly FeatureName[]): Gate {
  return gate(decideFeatures(names));
}

/** Tests behind this gate run another program, and need a kernel like those of requiresFeature when features are named. */
export function requiresCommand(
  command: string,
  debianPackage: string,
  ...names: readonly FeatureName[]
): Gate {
  const kernel = names.length === 0 ? { kind: "run" as const } : decideFeatures(names);
  return gate(kernel.kind === "run" ? decideCommand(command, debianPackage) : kernel);
}

/** Tests behind this gate need a file that not everybody has made, and a command for it. */
export function requiresFile(
  path: string,
  { made, command, debianPackage }: Record<"made" | "command" | "debianPackage", string>,
): Gate {
  return gate(
    existsSync(path)
      ? decideCommand(command, debianPackage)
      : { kind: "skip", reason: `there is no ${basename(path)}: ${made}` },
  );
}

function decideFeatures(names: readonly FeatureName[]): Decision {
  if (process.getuid?.() !== 0) return { kind: "skip", reason: "not root: sudo npm test runs it" };
  const target = new Target(new Kernel(createNodeSystem()));
  const decisions = names.map((name) => {
    const probe = featureProbes.find((one) => one.name === name);
    return probe === undefined
      ? ({ kind: "fail", reason: `there is no probe named ${name}` } as const)
      : decide({ name, since: probe.since, answer: probe.run(target) }, target.identity.release);
  });
  return decisions.find(({ kind }) => kind !== "run") ?? { kind: "run" };
}

/** Under $CI it has to be there. */
function decideCommand(command: string, debianPackage: string): Decision {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const { error } = spawnSync(command, ["--version"], { env: { ...process.env, PATH: path } });
  if (error === undefined) return { kind: "run" };
  const reason = `${command} is not installed: apt-get install ${debianPackage}`;
  return { kind: process.env["CI"] === undefined ? "skip" : "fail", reason };
}

/**
 * A kernel that lacks a feature skips its tests; one whose release should have it fails them, because then more likely
 * the probe is wrong. So does a feature that is newer than every kernel we test on: its tests would never run.
 */
export function decide(
  { name, since, answer }: Feature,
  release: string,
  newestTested = process.env["CI_MAX_KERNEL_VERSION"],
): Decision {
  if (newestTested !== undefined && isAtLeast(since, newestTested) && since !== newestTested) {
    const reason = `needs ${name}, of Linux ${since}: no kernel that we test on has it`;
    return { kind: "fail", reason };
  }
  if (answer.state === "supported") return { kind: "run" };
  const reason = `needs ${name}, which this kernel lacks (${answer.reason})`;
  if (isAtLeast(release, since) && !withheld.includes(name)) {
    return { kind: "fail", reason: `${reason}, although Linux has it since ${since}` };
  }
  return { kind: "skip", reason };
}

/** Whether a release ("6.1.0-18-arm64") is this version ("5.15") or a later one. */
function isAtLeast(release: string, version: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = version.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function gate(decision: Decision): Gate {
  switch (decision.kind) {
    case "run":
      return (name, body, timeoutMilliseconds) => {
        test(name, body, timeoutMilliseconds);
      };
    case "skip":
      return (name, body) => {
        // eslint-disable-next-line no-restricted-syntax -- the one place that skips, with its reason
        test.skip(`${name} [left out: ${decision.reason}]`, body);
      };
    case "fail":
      return (name) => {
        test(name, () => {
          throw new Error(decision.reason);
        });
      };
  }
}
