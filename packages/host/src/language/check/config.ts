import { meantHints, nearNames } from "../near-names.js";
import { type ConfigEntry } from "../syntax/ast.js";
import { type CheckedConfig } from "./checked-program.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type TraceLayout } from "../../spec/trace-layout.js";
import { type StackMode } from "../../spec/value-type.js";
import { type Diagnostics } from "./diagnostics.js";
import { stackMode } from "./stack-mode.js";

/** The most that a string can hold, with its NUL, in a record, a map or a variable: str(p, 4096). */
export const maximumStringBytes = 4097;

/** What a program's `config` block says, and what holds where it is silent. */
export interface ProgramConfig extends CheckedConfig {
  readonly missingProbes: "error" | "warn" | "ignore";
  /** How stacks are shown that do not say. */
  readonly stackMode: StackMode;
  /** What one wildcard may grow to. */
  readonly maximumProbes: number;
  /** What is set of how things are shown. */
  readonly shown: Partial<Pick<TraceLayout, "cutMark" | "maximumCatBytes" | "keepsMangledNames">>;
}

/** Until 5.11 the kernel took no keys of hashes that do not fit on a stack; 5.13 is the nearest that it tells. */
export function takesLongKeys({ features }: Pick<TargetDescription, "features">): boolean {
  return features.includes("for_each_map_elem");
}

const shortStringBytes = 64;

const defaults: ProgramConfig = {
  recordStringBytes: 1025,
  storedStringBytes: 1025,
  maximumMapKeys: 4096,
  printsMapsAtExit: true,
  ringPages: undefined,
  missingProbes: "error",
  stackMode: "bpftrace",
  license: "GPL",
  maximumProbes: 1024,
  shown: {},
};

type Setting = (entry: ConfigEntry, diagnostics: Diagnostics) => Partial<ProgramConfig>;

const settings: Readonly<Record<string, Setting>> = {
  max_strlen: (entry, diagnostics) => {
    const bytes = readInteger(entry, diagnostics, { from: 0, to: maximumStringBytes - 1 });
    if (bytes === undefined) return {};
    return { recordStringBytes: bytes + 1, storedStringBytes: bytes + 1 };
  },
  max_map_keys: (entry, diagnostics) => {
    const maximumMapKeys = readInteger(entry, diagnostics, { from: 1, to: 16_777_216 });
    return maximumMapKeys === undefined ? {} : { maximumMapKeys };
  },
  perf_rb_pages: (entry, diagnostics) => {
    const ringPages = readInteger(entry, diagnostics, { from: 1, to: 65_536 });
    if (ringPages === undefined) return {};
    if ((ringPages & (ringPages - 1)) === 0) return { ringPages };
    diagnostics.error("bad-config", entry.valueSpan, `${entry.name} must be a power of two`);
    return {};
  },
  print_maps_on_exit: (entry, diagnostics) => {
    const value = readBoolean(entry, diagnostics);
    return value === undefined ? {} : { printsMapsAtExit: value };
  },
  cpp_demangle: (entry, diagnostics) => {
    const value = readBoolean(entry, diagnostics);
    return value === undefined ? {} : { shown: { keepsMangledNames: !value } };
  },
  max_cat_bytes: (entry, diagnostics) => {
    const maximumCatBytes = readInteger(entry, diagnostics, { from: 0, to: 0xffff_ffff });
    return maximumCatBytes === undefined ? {} : { shown: { maximumCatBytes } };
  },
  str_trunc_trailer: (entry) => ({ shown: { cutMark: String(entry.value) } }),
  missing_probes: (entry, diagnostics) => {
    const { value } = entry;
    if (value === "error" || value === "warn" || value === "ignore") {
      return { missingProbes: value };
    }
    const message = `${entry.name} must be error, warn or ignore`;
    diagnostics.error("bad-config", entry.valueSpan, message);
    return {};
  },
  license: (entry, diagnostics) => {
    if (typeof entry.value === "string") return { license: entry.value };
    diagnostics.error("bad-config", entry.valueSpan, `${entry.name} must be a string`);
    return {};
  },
  max_probes: readProbeLimit,
  max_bpf_progs: readProbeLimit,
  stack_mode: (entry, diagnostics) => {
    const mode = stackMode(String(entry.value));
    if (mode !== undefined) return { stackMode: mode };
    const message = `${entry.name} must be bpftrace, perf or raw`;
    diagnostics.error("bad-config", entry.valueSpan, message);
    return {};
  },
};

/** Settings of bpftrace's that are about how it is made: they are taken, and mean nothing here. */
const withoutMeaning = new Set(
  (
    "cache_user_symbols lazy_symbolication log_size max_ast_nodes max_type_res_iterations on_stack_limit " +
    "show_debug_info use_blazesym vmlinux"
  ).split(" "),
);

/**
 * Reads the entries of the `config` block, after what was set from outside (by name in lower case, without BPFTRACE_): unknown
 * ones are errors in the block, and nothing outside of it.
 */
export function readConfig(
  entries: readonly ConfigEntry[],
  target: TargetDescription,
  diagnostics: Diagnostics,
  outer: Readonly<Record<string, string>> = {},
): ProgramConfig {
  let config = takesLongKeys(target)
    ? defaults
    : { ...defaults, storedStringBytes: shortStringBytes };
  const set = Object.entries(outer)
    .filter(([name]) => Object.hasOwn(settings, name))
    .map(([name, text]) => entryOf(`BPFTRACE_${name.toUpperCase()}`, text));
  for (const entry of [...set, ...entries]) {
    // BPFTRACE_MAX_STRLEN, as the environment has it, is understood too.
    const name = entry.name.toLowerCase().replace(/^bpftrace_/, "");
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting !== undefined) {
      const set = setting(entry, diagnostics);
      config = { ...config, ...set, shown: { ...config.shown, ...set.shown } };
    } else if (withoutMeaning.has(name) || name.startsWith("unstable_")) {
      continue;
    } else {
      const near = nearNames(name, Object.keys(settings));
      const message = `unknown setting ${entry.name}`;
      diagnostics.error("unknown-config", entry.span, message, meantHints(near));
    }
  }
  return config;
}

function readBoolean(entry: ConfigEntry, diagnostics: Diagnostics): boolean | undefined {
  const value = typeof entry.value === "bigint" ? entry.value !== 0n : entry.value;
  if (typeof value === "boolean") return value;
  diagnostics.error("bad-config", entry.valueSpan, `${entry.name} must be true or false`);
  return undefined;
}

function readProbeLimit(entry: ConfigEntry, diagnostics: Diagnostics): Partial<ProgramConfig> {
  const maximumProbes = readInteger(entry, diagnostics, { from: 0, to: 1_000_000 });
  return maximumProbes === undefined ? {} : { maximumProbes };
}

function entryOf(name: string, text: string): ConfigEntry {
  const nowhere = { start: 0, end: 0 };
  const value = /^\d+$/.test(text)
    ? BigInt(text)
    : text === "true" || text === "false"
      ? text === "true"
      : text;
  return { name, value, span: nowhere, valueSpan: nowhere };
}

function readInteger(
  entry: ConfigEntry,
  diagnostics: Diagnostics,
  range: { readonly from: number; readonly to: number },
): number | undefined {
  const { value } = entry;
  const isInRange =
    typeof value === "bigint" && value >= BigInt(range.from) && value <= BigInt(range.to);
  if (isInRange) return Number(value);
  const message = `${entry.name} must be a number from ${range.from} to ${range.to}`;
  diagnostics.error("bad-config", entry.valueSpan, message);
  return undefined;
}
