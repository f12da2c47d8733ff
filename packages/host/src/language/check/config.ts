import { meantHints, nearNames } from "../near-names.js";
import { type ConfigEntry } from "../syntax/ast.js";
import { type CheckedConfig } from "./checked-program.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type TraceLayout } from "../../spec/trace-layout.js";
import { type StackMode } from "../../spec/value-type.js";
import { type Diagnostics } from "./diagnostics.js";
import { stackMode } from "./stack-mode.js";

/** The most that a string can hold, with its NUL, in a record, a map or a variable: str(p, 16384). */
export const maximumStringBytes = 16_385;

/** What a program's `config` block says, and what holds where it is silent. */
export interface ProgramConfig extends CheckedConfig {
  readonly missingProbes: "error" | "warn" | "ignore";
  /** How stacks are shown that do not say. */
  readonly stackMode: StackMode;
  readonly maximumProbes: number;
  /** What one wildcard may grow to. */
  readonly maximumPrograms: number;
  /** What is said of tseries(), which bpftrace calls unstable. */
  readonly tseries: "enable" | "warn" | "error";
  /** The same of dw_ustack(). */
  readonly unwinding: "enable" | "warn" | "error";
  /** What was set, by name, for a program that reads it. */
  readonly given: ReadonlyMap<string, ConfigEntry["value"]>;
  /** What is set of how things are shown. */
  readonly shown: Partial<
    Pick<TraceLayout, "cutMark" | "maximumCatBytes" | "keepsMangledNames" | "showsSourceLines">
  >;
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
  maximumPrograms: 1024,
  tseries: "warn",
  unwinding: "warn",
  given: new Map(),
  shown: {},
};

type Setting = (entry: ConfigEntry, fault: (message: string) => void) => Partial<ProgramConfig>;

const settings: Readonly<Record<string, Setting>> = {
  max_strlen: (entry, fault) => {
    const bytes = readInteger(entry, fault, maximumStringBytes - 1);
    if (bytes === undefined) return {};
    return { recordStringBytes: bytes + 1, storedStringBytes: bytes + 1 };
  },
  max_map_keys: (entry, fault) => {
    const maximumMapKeys = readInteger(entry, fault, 16_777_216);
    if (maximumMapKeys === undefined) return {};
    if (maximumMapKeys > 0) return { maximumMapKeys };
    fault("a map has room for one entry at the least");
    return {};
  },
  perf_rb_pages: (entry, fault) => {
    const pages = readInteger(entry, fault, 65_536);
    if (pages === undefined || pages === 0) return {};
    return { ringPages: 2 ** Math.ceil(Math.log2(pages)) };
  },
  print_maps_on_exit: (entry, fault) => {
    const value = readBoolean(entry, fault);
    return value === undefined ? {} : { printsMapsAtExit: value };
  },
  cpp_demangle: (entry, fault) => {
    const value = readBoolean(entry, fault);
    return value === undefined ? {} : { shown: { keepsMangledNames: !value } };
  },
  show_debug_info: (entry, fault) => {
    const value = readBoolean(entry, fault);
    return value === undefined ? {} : { shown: { showsSourceLines: value } };
  },
  max_cat_bytes: (entry, fault) => {
    const maximumCatBytes = readInteger(entry, fault, 0xffff_ffff);
    return maximumCatBytes === undefined ? {} : { shown: { maximumCatBytes } };
  },
  str_trunc_trailer: (entry) => ({ shown: { cutMark: String(entry.value) } }),
  missing_probes: (entry, fault) => {
    const { value } = entry;
    if (value === "error" || value === "warn" || value === "ignore") {
      return { missingProbes: value };
    }
    fault("Invalid value for missing_probes: valid values are ignore, warn, and error.");
    return {};
  },
  license: (entry, fault) => {
    const license = String(entry.value);
    if (licenses.includes(license)) return { license };
    fault(
      `Invalid value for license. Found: ${license}. Valid values: ${licenses.join(", ")}. Read more about BPF programs and licensing: https://docs.kernel.org/bpf/bpf_licensing.html#using-bpf-programs-in-the-linux-kernel`,
    );
    return {};
  },
  max_probes: (entry, fault) => {
    const maximumProbes = readInteger(entry, fault, 0xffff_ffff);
    return maximumProbes === undefined ? {} : { maximumProbes };
  },
  max_bpf_progs: (entry, fault) => {
    const maximumPrograms = readInteger(entry, fault, 0xffff_ffff);
    return maximumPrograms === undefined ? {} : { maximumPrograms };
  },
  stack_mode: (entry, fault) => {
    const mode = stackMode(String(entry.value));
    if (mode !== undefined) return { stackMode: mode };
    fault("Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.");
    return {};
  },
  // What follows is about how bpftrace is made: it is read, and means nothing here.
  cache_user_symbols: (entry, fault) => {
    const { value } = entry;
    const isKnown = typeof value === "boolean" || value === 0n || value === 1n;
    if (isKnown || ["PER_PID", "PER_PROGRAM", "NONE"].includes(String(value))) return {};
    fault("Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.");
    return {};
  },
  log_size: ignoredInteger,
  on_stack_limit: ignoredInteger,
  lazy_symbolication: ignoredBoolean,
  use_blazesym: ignoredBoolean,
  unstable_tseries: readUnstable,
  unstable_typeinfo: readUnstable,
  unstable_dw_ustack: readUnstable,
};

/** The kernel's own list, of those that let a program call what is for GPL alone. */
const licenses = [
  "Dual MIT/GPL",
  "Dual BSD/GPL",
  "Dual MPL/GPL",
  "GPL and additional rights",
  "GPL v2",
  "GPL",
];

/** Were settings of bpftrace once. */
const retired = new Set(
  (
    "max_ast_nodes max_type_res_iterations symbol_source unstable_addr unstable_import " +
    "unstable_import_statement unstable_macro unstable_map_decl"
  ).split(" "),
);

/** What settings were called once, and are called now. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["cat_bytes_max", "max_cat_bytes"],
  ["map_keys_max", "max_map_keys"],
  ["no_cpp_demangle", "cpp_demangle"],
  ["strlen", "max_strlen"],
]);

/** Settings of the environment alone. */
const outerOnly = new Set("btf kernel_build kernel_source vmlinux".split(" "));

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
  const initial = takesLongKeys(target)
    ? defaults
    : { ...defaults, storedStringBytes: shortStringBytes };
  const parts: Partial<ProgramConfig>[] = [];
  const given = new Map<string, ConfigEntry["value"]>();
  for (const [name, text] of Object.entries(outer)) {
    const read = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (read === undefined) continue;
    given.set(name, entryOf(name, text).value);
    parts.push(
      read(entryOf(name, text), (message) => {
        diagnostics.addPlaceless("error", "bad-config", `${name}: ${message}`);
      }),
    );
  }
  for (const entry of entries) {
    // BPFTRACE_MAX_STRLEN, as the environment has it, is understood too.
    const written = entry.name.toLowerCase().replace(/^bpftrace_/, "");
    const name = renamed.get(written) ?? written;
    if (name !== written) {
      const message = `${written} has been renamed, please use ${name}`;
      diagnostics.warn("unknown-config", entry.span, message);
    }
    const read = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (read !== undefined) {
      given.set(name, entry.value);
      parts.push(
        read(entry, (message) => {
          const shown = name === written ? entry.name : name;
          const text = name === "license" ? message : `${shown}: ${message}`;
          diagnostics.error("bad-config", entry.span, text);
        }),
      );
    } else if (retired.has(name)) {
      const message = `${entry.name} is deprecated and has no effect`;
      diagnostics.warn("unknown-config", entry.span, message);
    } else {
      const message = outerOnly.has(name)
        ? `${entry.name}: can only be set as an environment variable`
        : `${entry.name}: not a known configuration option`;
      const near = nearNames(name, Object.keys(settings));
      diagnostics.error("unknown-config", entry.span, message, meantHints(near));
    }
  }
  let config: ProgramConfig = { ...initial, given };
  for (const part of parts) {
    config = { ...config, ...part, shown: { ...config.shown, ...part.shown } };
  }
  return config;
}

type Fault = Parameters<Setting>[1];

function readBoolean({ value, span }: ConfigEntry, fault: Fault): boolean | undefined {
  // From outside only 0 and 1 will do.
  if (typeof value === "bigint" && (value < 2n || span.end > 0)) return value !== 0n;
  if (value === true || value === "true" || value === "1") return true;
  if (value === false || value === "false" || value === "0") return false;
  fault("Invalid bool value: valid values are true, false, 1 or 0.");
  return undefined;
}

function ignoredBoolean(entry: ConfigEntry, fault: Fault): Partial<ProgramConfig> {
  readBoolean(entry, fault);
  return {};
}

/** `unstable_tseries = error`: what is unstable is not to be used. */
function readUnstable({ name, value }: ConfigEntry, fault: Fault): Partial<ProgramConfig> {
  const feature = name.toLowerCase().replace(/^(bpftrace_)?unstable_/, "");
  const text = String(value);
  const unstable =
    text === "warn" || text === "error"
      ? text
      : ["enable", "true", "1"].includes(text)
        ? "enable"
        : ["false", "0"].includes(text)
          ? "error"
          : undefined;
  if (unstable === undefined) {
    fault("Invalid value for unstable config: valid values are enable, warn, and error.");
    return {};
  }
  if (feature === "tseries") return { tseries: unstable };
  return feature === "dw_ustack" ? { unwinding: unstable } : {};
}

function entryOf(name: string, text: string): ConfigEntry {
  const nowhere = { start: 0, end: 0 };
  const value = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? BigInt(text) : text;
  return { name, value, span: nowhere, valueSpan: nowhere };
}

/** More than `most` is as good as `most`. */
function readInteger({ value }: ConfigEntry, fault: Fault, most: number): number | undefined {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "bigint") return Number(value > BigInt(most) ? BigInt(most) : value);
  if (/^\d+$/.test(value)) return Math.min(Number(value), most);
  fault(`expecting a number, got ${value}`);
  return undefined;
}

function ignoredInteger(entry: ConfigEntry, fault: Fault): Partial<ProgramConfig> {
  readInteger(entry, fault, 0xffff_ffff);
  return {};
}
