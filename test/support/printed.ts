import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { formatValue } from "../../packages/host/src/output/format-value.js";
import { type FeatureName } from "../../packages/host/src/spec/target-description.js";
import { ProgramRun } from "./run-program.js";

/** Runs a BEGIN body in this kernel, as for one that lacks some features, and gives what its print() and printf() print. */
export function printed(
  body: string,
  {
    preamble = "",
    without = [],
  }: { readonly preamble?: string; readonly without?: readonly FeatureName[] } = {},
): string[] {
  const features = linux618x64.features.filter((feature) => !without.includes(feature));
  using run = new ProgramRun(`${preamble} BEGIN { ${body} }`, { ...linux618x64, features });
  run.start();
  return run.records().map((record) => {
    if (record.kind === "value") return formatValue(record.value);
    return record.kind === "printf" ? record.text : record.kind;
  });
}
