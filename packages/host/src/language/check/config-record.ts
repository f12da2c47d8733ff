import { type Span } from "../syntax/span.js";
import { type ConfigEntry } from "../syntax/ast.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant, integerConstant, stringConstant } from "./constant.js";

/** What a program can read of its settings: those of bpftrace, in its order, with what holds there when nothing is said. */
const readable: readonly (readonly [string, bigint | boolean | string])[] = [
  ["cpp_demangle", true],
  ["lazy_symbolication", true],
  ["print_maps_on_exit", true],
  ["use_blazesym", false],
  ["show_debug_info", false],
  ["log_size", 1_000_000n],
  ["max_bpf_progs", 1024n],
  ["max_cat_bytes", 10_240n],
  ["max_map_keys", 4096n],
  ["max_probes", 1024n],
  ["max_strlen", 1024n],
  ["on_stack_limit", 32n],
  ["perf_rb_pages", 0n],
  ["str_trunc_trailer", ".."],
  ["unstable_import_statement", "error"],
  ["unstable_tseries", "warn"],
  ["unstable_typeinfo", "error"],
  ["unstable_dw_ustack", "warn"],
  ["missing_probes", "error"],
  ["stack_mode", "bpftrace"],
  ["license", "GPL"],
];

/** `config()`: the settings as a record, so that what is decided by one is decided when the program is compiled. */
export function configRecord(
  given: ReadonlyMap<string, ConfigEntry["value"]>,
  span: Span,
): CheckedExpression {
  const elements = readable.map(([name, initial]) =>
    literal(initial, given.get(name) ?? initial, span),
  );
  const names = readable.map(([name]) => name);
  const types = elements.map(({ type }) => type);
  return { kind: "tuple", elements, type: { kind: "tuple", elements: types, names }, span };
}

/** Of the kind that the setting has: 1 may be said for true. */
function literal(
  initial: bigint | boolean | string,
  value: ConfigEntry["value"],
  span: Span,
): CheckedExpression {
  const text = String(value);
  if (typeof initial === "boolean") return booleanConstant(text === "true" || text === "1", span);
  if (typeof initial === "string") return stringConstant(text, span);
  return integerConstant(/^\d+$/.test(text) ? BigInt(text) : initial, span);
}
