import { type UserParameter } from "../answers.js";
import { meantHints, nearNames } from "../near-names.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";
import { registerArgument } from "./register-argument.js";
import { fitsRegister } from "./type.js";

const noParameters = "Cannot read function parameters";

/** A parameter of a program's function, by its debug information. */
export function userArgumentNamed(
  probe: ProbeState,
  name: string,
  { span, argsSpan }: { readonly span: Span; readonly argsSpan: Span },
): CheckedExpression | undefined {
  const { userParameters } = probe.probe;
  const known = userParameters === undefined || userParameters === "unknown" ? [] : userParameters;
  if (known.length === 0) probe.error("wrong-probe", argsSpan, noParameters);
  const index = known.findIndex((one) => one.name === name);
  const parameter = known[index];
  if (parameter === undefined) {
    const near = nearNames(
      name,
      known.map((one) => one.name),
    );
    const message = `Can't find function parameter ${name}`;
    return probe.error("unknown-field", span, message, meantHints(near));
  }
  return userArgument(probe, index, parameter, span);
}

function userArgument(
  probe: ProbeState,
  index: number,
  { name, type: description }: UserParameter,
  span: Span,
): CheckedExpression | undefined {
  const type = probe.program.types.typeOf(description, "user");
  if (type === undefined || !fitsRegister(type)) {
    return probe.error("type-mismatch", span, `${name} has unsupported type`);
  }
  const word = registerArgument(probe, index, span);
  return word === undefined ? undefined : convert(word, type, span);
}

/** All of them: `print(args)`. */
export function allUserArguments(probe: ProbeState, span: Span): CheckedExpression | undefined {
  const { userParameters } = probe.probe;
  if (userParameters === undefined || userParameters === "unknown") {
    return probe.error("wrong-probe", span, noParameters, [
      "The program has no debug information (-g): arg0, arg1 and so on can be read.",
    ]);
  }
  if (userParameters.length === 0) {
    return probe.error("wrong-probe", span, noParameters, ["The function takes none."]);
  }
  const elements = userParameters.map((one, index) => userArgument(probe, index, one, span));
  const known = elements.filter((element) => element !== undefined);
  if (known.length < elements.length) return undefined;
  return argumentsRecord(known, userParameters, span);
}

/** Arguments as one value, whose fields have the parameters' names. */
export function argumentsRecord(
  elements: readonly CheckedExpression[],
  parameters: readonly { readonly name: string }[],
  span: Span,
): CheckedExpression {
  const names = parameters.map(({ name }) => name);
  const type = { kind: "tuple", elements: elements.map((one) => one.type), names } as const;
  return { kind: "tuple", elements, type, span };
}
