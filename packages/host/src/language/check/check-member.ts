import { assertNever } from "../../asm/internal-error.js";
import { meantHints, nearNames } from "../near-names.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { significantBytes, type TracepointField } from "../tracepoint-format.js";
import { rawArgument, refusedArgs, wordOfParameter } from "./check-builtin.js";
import { userArgumentNamed } from "./check-user-argument.js";
import { dereference, elementOf, memberOf, sizeInMemory } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { movePointer } from "./move-pointer.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { describeType } from "./type.js";
import { typesFileHint } from "./types-file-hint.js";

/** `args.name`, `$t.0`, `p->field`. */
export function checkMember(
  probe: ProbeState,
  expression: ExpressionOf<"member">,
  room: StringRoom,
): CheckedExpression | undefined {
  const { object, name, nameSpan, span } = expression;
  if (isArgs(object)) return checkArgsField(probe, expression, room);
  const operand = probe.check(object);
  if (operand === undefined) return undefined;
  return memberOf(probe, operand, { text: name, span: nameSpan }, span);
}

/** `args`, or `args()`. */
function isArgs(expression: Expression): boolean {
  return (
    (expression.kind === "identifier" ||
      (expression.kind === "call" && expression.args.length === 0)) &&
    expression.name === "args"
  );
}

function checkArgsField(
  probe: ProbeState,
  expression: ExpressionOf<"member">,
  room: StringRoom,
): CheckedExpression | undefined {
  const { object, name, nameSpan, span } = expression;
  const { type } = probe.probe;
  if (type === "rawtracepoint" || type === "fentry" || type === "fexit")
    return rawField(probe, name, nameSpan, span);
  if (type === "uprobe") return userArgumentNamed(probe, name, { span, argsSpan: object.span });
  const field = findField(probe, name, span, object.span);
  const raw = probe.probe.rawFields?.get(name);
  if (field !== undefined && raw !== undefined) return { ...raw, span };
  return field === undefined ? undefined : readField(probe, field, span, room);
}

function rawField(
  probe: ProbeState,
  name: string,
  nameSpan: Span,
  span: Span,
): CheckedExpression | undefined {
  const { parameters } = probe.probe;
  if (parameters === undefined) {
    const message = `the parameters of ${probe.probe.name} are not known: the kernel has no BTF for them`;
    const hints = probe.program.target.hasBtf ? [] : [typesFileHint];
    return probe.error("wrong-probe", span, message, [
      "arg0, arg1 and so on can be read.",
      ...hints,
    ]);
  }
  const index = parameters.findIndex((parameter) => parameter.name === name);
  const parameter = parameters[index];
  if (parameter !== undefined) {
    return rawArgument(probe, wordOfParameter(parameters, index), parameter, span);
  }
  const near = nearNames(
    name,
    parameters.map((known) => known.name),
  );
  const message = `${probe.probe.name} has no parameter ${name}`;
  return probe.error("unknown-field", nameSpan, message, meantHints(near));
}

function findField(
  probe: ProbeState,
  name: string,
  span: Span,
  argsSpan: Span,
): TracepointField | undefined {
  const { type, fields } = probe.probe;
  if (type !== "tracepoint") {
    const supportsLater = type === "kprobe";
    if (supportsLater)
      return probe.notSupported(span, `args of a ${type} are`, [
        "arg0, arg1 and so on can be read.",
      ]);
    return probe.error("wrong-probe", argsSpan, refusedArgs(type));
  }
  const field = fields.find((known) => known.name === name);
  if (field !== undefined) return field;
  const names = fields.map((known) => known.name);
  const near = nearNames(name, names);
  const hints = near.length > 0 ? meantHints(near) : [`Its fields are ${names.join(", ")}.`];
  const message = `Struct/union of type 'struct ${probe.probe.name}_args' does not contain a field named '${name}'`;
  return probe.error("unknown-field", span, message, hints);
}

function readField(
  probe: ProbeState,
  field: TracepointField,
  span: Span,
  room: StringRoom,
): CheckedExpression | undefined {
  const { shape, offset, sizeBytes } = field;
  const { target } = probe.program;
  switch (shape.kind) {
    case "integer": {
      const bytes = significantBytes(field, target.byteOrder);
      return contextInteger(bytes.offset, bytes.sizeBytes, shape.isSigned, span);
    }
    case "pointer": {
      const { pointerSize } = target;
      const space = probe.probe.pointerSpace;
      const pointed = shape.target ?? probe.program.types.pointedTo(field.typeName, space);
      return {
        kind: "contextField",
        offset,
        sizeBytes: pointerSize,
        isSigned: false,
        type: { kind: "pointer", space, target: pointed },
        span,
      };
    }
    case "string":
      return {
        kind: "contextString",
        offset,
        sizeBytes,
        type: { kind: "string", capacityBytes: sizeBytes + 1, isArray: true },
        span,
      };
    case "dataLocation":
      return {
        kind: "dataLocation",
        offset,
        isRelative: shape.isRelative,
        type: { kind: "string", capacityBytes: room.capacityBytes, showsCut: true },
        span,
      };
    case "array":
      return probe.error("type-mismatch", span, `args.${field.name} is an array`, [
        `Read an element of it: args.${field.name}[0].`,
      ]);
    case "opaque":
      return probe.notSupported(span, `reading args.${field.name} (${field.typeName}) is`);
    default:
      return assertNever(shape);
  }
}

function contextInteger(
  offset: number,
  sizeBytes: number,
  isSigned: boolean,
  span: Span,
): CheckedExpression {
  const size = sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 ? sizeBytes : 8;
  return {
    kind: "contextField",
    offset,
    sizeBytes: size,
    isSigned,
    type: { kind: "integer", sizeBytes: size, isSigned },
    span,
  };
}

/** `args.args[0]`, `p[i]`, `$t[1]`. */
export function checkIndex(
  probe: ProbeState,
  expression: ExpressionOf<"index">,
): CheckedExpression | undefined {
  const { object, span } = expression;
  const index = probe.check(expression.index);
  if (object.kind === "member" && isArgs(object.object) && probe.probe.type === "tracepoint") {
    const field = findField(probe, object.name, object.span, object.object.span);
    if (field === undefined || index === undefined) return undefined;
    if (field.shape.kind === "array") return checkArrayElement(probe, field, index, span);
  }
  const operand = probe.check(object);
  if (operand === undefined || index === undefined) return undefined;
  if (operand.type.kind !== "pointer") return elementOf(probe, operand, index, span);
  if (index.type.kind !== "integer") {
    const message = `an index must be an integer, this is ${describeType(index.type)}`;
    return probe.error("type-mismatch", index.span, message);
  }
  const bytes = sizeInMemory(probe, operand.type.target);
  const moved = movePointer("add", operand, operand.type, index, bytes, span);
  return dereference(probe, moved, span);
}

function checkArrayElement(
  probe: ProbeState,
  field: TracepointField,
  index: CheckedExpression,
  span: Span,
): CheckedExpression | undefined {
  if (field.shape.kind !== "array") return undefined;
  const { element, length } = field.shape;
  if (index.kind !== "constant") {
    return probe.notSupported(index.span, "an index of args that is no constant is");
  }
  if (index.value < 0n || index.value >= BigInt(length)) {
    const message = `args.${field.name} has elements 0 to ${length - 1}, not ${index.value}`;
    return probe.error("bad-value", index.span, message);
  }
  const offset = field.offset + Number(index.value) * element.sizeBytes;
  return contextInteger(offset, element.sizeBytes, element.isSigned, span);
}
