import { runProbe } from "./run-probe.js";
import { type ActionBlock, type AttachPoint } from "../../syntax/ast.js";
import { type Diagnostics } from "../diagnostics.js";
import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

const testTypes = ["test", "bench"] as const;
export type TestType = (typeof testTypes)[number];

/** Which of the probes that are attached to nothing are run. */
export interface TestChoice {
  readonly type: TestType;
  /** Those with such names. */
  readonly filter?: RegExp;
}

/** `test:name`, `bench:name`: run when that is asked for, and left out else. */
export function expandTestProbe(
  context: AttachPointContext,
  tests: TestChoice | undefined,
): ConcreteProbe[] {
  const { type } = context;
  if (type !== "test" && type !== "bench") return [];
  if (!context.takes([1], "name")) return [];
  const name = context.parts[0]?.text ?? "";
  const full = `${type}:${name}`;
  if (tests?.type !== type || tests.filter?.test(full) === false) return [];
  return [runProbe(context, full, type)];
}

/** Whether it is a test or a measurement. */
export function isTest({ parts }: AttachPoint): boolean {
  return testTypes.some((type) => type === parts[0]?.text);
}

/** Two tests of one name could not be told apart. */
export function checkTestNames(blocks: readonly ActionBlock[], diagnostics: Diagnostics): void {
  const known = new Map<string, AttachPoint>();
  for (const attachPoint of blocks.flatMap(({ attachPoints }) => attachPoints).filter(isTest)) {
    const [type, name] = attachPoint.parts.map(({ text }) => text);
    const before = known.get(`${type} ${name}`);
    known.set(`${type} ${name}`, before ?? attachPoint);
    if (before === undefined || type === undefined || name === undefined) continue;
    const message = `"${name}" was used as the name for more than one ${type.toUpperCase()} probe`;
    diagnostics.error("bad-probe", attachPoint.span, message);
    diagnostics.error("bad-probe", before.span, "this is the other instance");
  }
}

/** Why there is nothing to attach to, when there are tests in the program or they were asked for. */
export function describeNoTests(
  blocks: readonly ActionBlock[],
  tests: TestChoice | undefined,
): string | undefined {
  const types = blocks.flatMap(({ attachPoints }) =>
    attachPoints.map(({ parts }) => parts[0]?.text),
  );
  if (tests !== undefined && types.includes(tests.type)) return undefined;
  const other = testTypes.find((type) => types.includes(type));
  if (other !== undefined) {
    return `No probes attached; use --${other} to run ${other === "test" ? "test" : "benchmark"} probes.`;
  }
  return tests === undefined ? undefined : "Attachment failed for all probes.";
}
