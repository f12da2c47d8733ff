import { type Span } from "../syntax/span.js";
import { type ProgramConfig } from "./config.js";
import { type ProbeState } from "./probe-state.js";

/** What bpftrace calls unstable: as it is named in messages, its setting there, and its name in ours. */
const features = {
  tseries: { name: "tseries", setting: "unstable_tseries" },
  unwinding: { name: "dw_ustack (DWARF stack unwinding)", setting: "unstable_dw_ustack" },
} as const satisfies Partial<Record<keyof ProgramConfig, unknown>>;

/** Warns of what is unstable; false, and reported, where the program's config forbids it. */
export function checkUnstable(
  probe: ProbeState,
  feature: keyof typeof features,
  span: Span,
): boolean {
  const { config, diagnostics } = probe.program;
  const { name, setting } = features[feature];
  if (config[feature] === "error") {
    const message = `${name} feature is not enabled by default. To enable this unstable feature, set the config flag to enable. ${setting}=enable`;
    probe.error("bad-value", span, message);
    return false;
  }
  if (config[feature] === "warn") {
    const message = `Script is using an unstable feature: ${name}. To prevent this warning you must explicitly enable it in the config e.g. ${setting}=enable`;
    diagnostics.addPlaceless("warning", "bad-value", message);
  }
  return true;
}
