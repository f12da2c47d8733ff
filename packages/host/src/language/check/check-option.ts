import { type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { requireArguments } from "./call-arguments.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant, integerConstant, stringConstant } from "./constant.js";
import { parseIntegerLiteral } from "../syntax/integer-literal.js";
import { type ProgramOption } from "./program-option.js";
import { type ProbeState } from "./probe-state.js";
import { type ProgramState } from "./program-state.js";

type Call = ExpressionOf<"call">;

/** `getopt("name", default[, description])`: what was given as `--name=value` behind `--`. */
export function checkOption(probe: ProbeState, call: Call): CheckedExpression | undefined {
  const [nameArgument, defaultArgument, descriptionArgument] = call.args;
  if (!requireArguments(probe, call, 1, 3) || nameArgument === undefined) return undefined;
  if (nameArgument.kind !== "string") {
    return probe.error(
      "argument-type",
      nameArgument.span,
      "First argument to 'getopt' must be a string literal.",
    );
  }
  const checked = defaultArgument === undefined ? undefined : probe.check(defaultArgument);
  if (defaultArgument !== undefined && checked === undefined) return undefined;
  const value = checked === undefined ? false : literalOf(checked);
  if (value === undefined) {
    const message =
      "Second argument to 'getopt' must be a string literal, integer literal, or a boolean literal.";
    return probe.error("argument-type", checked?.span ?? call.span, message);
  }
  if (descriptionArgument !== undefined && descriptionArgument.kind !== "string") {
    const message = "the description must be a literal string";
    return probe.error("argument-type", descriptionArgument.span, message);
  }
  const name = nameArgument.value;
  const { options, named } = probe.program;
  const known = options.get(name);
  if (known !== undefined && known.value !== value) {
    const message = `Command line option '${name}' needs to have the same default value in all places it is used. Previous default value: ${String(known.value)}`;
    return probe.error("bad-value", call.span, message);
  }
  const description = descriptionArgument?.value ?? known?.description;
  options.set(name, { value, description });
  return optionValue(probe, call.span, name, value, named[name]);
}

function literalOf(value: CheckedExpression): bigint | string | boolean | undefined {
  if (value.kind === "stringConstant") return value.value;
  if (value.kind !== "constant") return undefined;
  if (value.type.kind === "boolean") return value.value !== 0n;
  return value.type.kind === "integer" ? value.value : undefined;
}

/** The option's value: of the default's type. "true" is that of an option without one. */
function optionValue(
  probe: ProbeState,
  span: Span,
  name: string,
  fallback: ProgramOption["value"],
  given: string | undefined,
): CheckedExpression | undefined {
  const fault = (message: string): undefined => {
    const full = `program command line option --${name} ${message} (value: ${given ?? ""})`;
    probe.program.diagnostics.addPlaceless("error", "bad-value", full);
  };
  if (typeof fallback === "string") {
    return given === "true" ? fault("expects a string") : stringConstant(given ?? fallback, span);
  }
  if (typeof fallback === "boolean") {
    const text = given ?? String(fallback);
    if (["true", "1"].includes(text)) return booleanConstant(true, span);
    if (["false", "0"].includes(text)) return booleanConstant(false, span);
    return fault("expects a boolean (e.g. 'true')");
  }
  if (given === undefined) return integerConstant(fallback, span);
  if (given === "true") return fault("expects an integer");
  const isNegative = given.startsWith("-");
  const literal = parseIntegerLiteral(isNegative ? given.slice(1) : given);
  if (literal.kind === "integer") {
    const value = isNegative ? -literal.value : literal.value;
    // Of a default without a sign the option has none either, as in bpftrace.
    return integerConstant(fallback < 0n ? value : BigInt.asUintN(64, value), span);
  }
  return fault(/^-?\d/.test(given) ? "invalid trailing bytes" : "invalid integer");
}

/** Reports options that were given and that the program does not take. */
export function checkOptionsGiven(program: ProgramState): void {
  const { options, named, diagnostics } = program;
  const unknown = Object.keys(named).filter((name) => !options.has(name));
  if (unknown.length === 0) return;
  const dashed = (name: string): string => `--${name}`;
  const described = [...options].map(([name, { description }]) =>
    description === undefined ? dashed(name) : `${dashed(name)}: ${description}`,
  );
  if (unknown.includes("help")) {
    const text = ["expected program options:", ...described].join("\n");
    diagnostics.addPlaceless("error", "bad-value", "", [text]);
    return;
  }
  const hint =
    options.size === 0
      ? "no custom program options defined."
      : `expected program options: ${[...options.keys()].map(dashed).join(", ")}`;
  const message = `unexpected program command line options: ${unknown.map(dashed).join(", ")}`;
  diagnostics.addPlaceless("error", "bad-value", message, [hint]);
}
