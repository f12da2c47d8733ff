import { assertNever, InternalError } from "../../asm/internal-error.js";
import {
  type CheckedExpression,
  type CheckedExpressionOf,
  type IntegerOperation,
} from "../check/checked-program.js";
import { type Type } from "../check/type.js";
import { type BinaryOperation, type IrValue } from "../ir.js";
import { aggregationValue } from "./aggregation-value.js";
import { byteSwap } from "./byte-swap.js";
import { callHelper } from "./call-helper.js";
import { builtin } from "./builtin.js";
import { branch } from "./condition.js";
import { argument, contextField, registerValue, returnValue } from "./context.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { requireMap, withMapValue } from "./map-access.js";
import { elementValue } from "./element.js";
import { countEntries } from "./loops.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { accessOf, loadScalar } from "./scalar-access.js";
import { compareBytes, findText } from "./search-string.js";
import { keptStackDepth, stackDepth, stackNumber } from "./stack.js";
import { withPart, withStored } from "./stored-place.js";
import { stringLength } from "./string-length.js";
import { binary } from "./division.js";
import { warnOfFailedRead } from "./failed-read.js";
import { deleteEntry, updatePlace } from "./update.js";
import { currentValue, variableAddress } from "./variables.js";

/** A value that fits in a register, extended to 64 bits as its type says. */
export function lowerValue(lowering: Lowering, expression: CheckedExpression): IrValue {
  const { builder } = lowering;
  switch (expression.kind) {
    case "constant":
      return constant(expression.value);
    case "builtin":
      return builtin(lowering, expression.name);
    case "argument":
      return argument(lowering, expression);
    case "register":
      return registerValue(lowering, expression);
    case "stack":
      return stackNumber(lowering, expression.type, expression.isUnwound);
    case "returnValue":
      return returnValue(lowering, expression);
    case "contextField":
      return contextField(lowering, expression);
    case "readMemory":
      return readMemory(lowering, expression);
    case "scratch":
      return scratchValue(lowering, expression.scratch);
    case "variableAddress":
      return variableAddress(lowering, expression);
    case "mapAddress":
      return mapAddress(lowering, expression);
    case "mapValue":
      return mapValue(lowering, expression);
    case "aggregationValue":
      return aggregationValue(lowering, expression);
    case "deleted": {
      const { map, keys, bucket } = expression;
      const result = deleteEntry(lowering, map, keys, bucket);
      return isZero(lowering, result);
    }
    case "update":
      return updatePlace(lowering, expression.target, {
        amount: constant(expression.by),
        operation: "add",
        result: expression.result,
        span: expression.span,
      });
    case "binary": {
      const left = lowering.value(expression.left);
      const right = lowering.value(expression.right);
      const operation = machineOperation(expression.operation, expression.type);
      return binary(lowering, operation, { left, right, span: expression.span });
    }
    case "negate": {
      const to = builder.register();
      builder.emit({ kind: "negate", to, from: lowering.value(expression.operand) });
      return to;
    }
    case "complement":
      return builder.binary("xor", lowering.value(expression.operand), constant(-1));
    case "hasKey":
    case "compare":
    case "compareStrings":
    case "compareMemory":
    case "logical":
    case "not":
      return truthValue(lowering, expression);
    case "conditional":
      return conditional(lowering, expression);
    case "convert":
      return convert(lowering, expression);
    case "block":
      lowering.statements(expression.statements);
      return lowering.value(expression.value);
    case "part":
      return part(lowering, expression);
    case "element":
      return elementValue(lowering, expression);
    case "findText":
      return findText(lowering, expression);
    case "stringLength":
      return stringLength(lowering, expression.string);
    case "compareBytes":
      return compareBytes(lowering, expression);
    case "byteSwap":
      return byteSwap(lowering, expression);
    case "helper":
      return callHelper(lowering, expression);
    case "mapLength":
      return countEntries(lowering, expression.loop);
    case "keptStackDepth":
      return keptStackDepth(lowering, expression.stack);
    case "stackDepth":
      return stackDepth(lowering, expression.stack, expression.isUnwound);
    case "stringConstant":
    case "contextString":
    case "dataLocation":
    case "readString":
    case "concatenation":
    case "path":
    case "shortened":
    case "tuple":
    case "bytes":
      throw new InternalError(`a ${expression.kind} where a register's value should be`);
    default:
      return assertNever(expression);
  }
}

/** The operation for operands of this type: signed or not. */
export function machineOperation(operation: IntegerOperation, type: Type): BinaryOperation {
  const isSigned = type.kind === "integer" && type.isSigned;
  switch (operation) {
    case "add":
    case "and":
    case "or":
    case "xor":
      return operation;
    case "subtract":
      return "sub";
    case "multiply":
      return "mul";
    case "divide":
      return isSigned ? "sdiv" : "div";
    case "modulo":
      return isSigned ? "smod" : "mod";
    case "shiftLeft":
      return "lsh";
    case "shiftRight":
      return isSigned ? "arsh" : "rsh";
    default:
      return assertNever(operation);
  }
}

function scratchValue(lowering: Lowering, scratch: number): IrValue {
  const { builder } = lowering;
  const value = currentValue(lowering, scratch);
  if (!lowering.variablesChangeInExpressions) return value;
  // What the variable holds may change before the value is used, as in `$x + $x++`.
  const copy = builder.register();
  builder.move(copy, value);
  return copy;
}

function readMemory(
  lowering: Lowering,
  { pointer, space, sizeBytes, type, span }: CheckedExpressionOf<"readMemory">,
): IrValue {
  const { builder, memory, target } = lowering;
  const from = lowering.value(pointer);
  return memory.during(sizeBytes, "memory", (copy) => {
    // What cannot be read is zero: the helper sees to that.
    const size = constant(sizeBytes);
    const result = builder.call(memoryReader(target, space), pointerTo(copy), size, from);
    warnOfFailedRead(lowering, span, "probe_read", result);
    return loadScalar(lowering, copy, type, sizeBytes);
  });
}

function mapValue(lowering: Lowering, expression: CheckedExpressionOf<"mapValue">): IrValue {
  const { builder } = lowering;
  const result = builder.register();
  withMapValue(lowering, expression, {
    found: (place) => {
      builder.move(result, loadScalar(lowering, place, expression.type));
    },
    absent: () => {
      builder.move(result, constant(0));
    },
  });
  return result;
}

/** `&@m`, as a number: with a pointer to a map the verifier lets nothing be done. */
function mapAddress(lowering: Lowering, { map }: CheckedExpressionOf<"mapAddress">): IrValue {
  const { builder } = lowering;
  const pointer = builder.register();
  const name = requireMap(lowering, map).layout.map;
  builder.emit({ kind: "mapPointer", to: pointer, map: name });
  return builder.numberOf(behind(pointer));
}

function isZero({ builder }: Lowering, value: IrValue): IrValue {
  const result = builder.register();
  const isOther = builder.newLabel("not_zero");
  builder.move(result, constant(0));
  builder.jumpIf("ne", value, constant(0), isOther);
  builder.move(result, constant(1));
  builder.label(isOther);
  return result;
}

/** 0 or 1. */
function truthValue(lowering: Lowering, expression: CheckedExpression): IrValue {
  const { builder, builtins } = lowering;
  const result = builder.register();
  const isFalse = builder.newLabel("false");
  const end = builder.newLabel("truth");
  builtins.during(() => {
    branch(lowering, expression, isFalse, { when: false });
  });
  builder.move(result, constant(1));
  builder.jump(end);
  builder.label(isFalse);
  builder.move(result, constant(0));
  builder.label(end);
  return result;
}

function conditional(lowering: Lowering, expression: CheckedExpressionOf<"conditional">): IrValue {
  const { builder, builtins } = lowering;
  const result = builder.register();
  const otherwise = builder.newLabel("else");
  const end = builder.newLabel("chosen");
  builtins.during(() => {
    branch(lowering, expression.condition, otherwise, { when: false });
    builder.move(result, lowering.value(expression.then));
    builder.jump(end);
  });
  builder.label(otherwise);
  builtins.during(() => {
    builder.move(result, lowering.value(expression.otherwise));
  });
  builder.label(end);
  return result;
}

function convert(lowering: Lowering, { operand, type }: CheckedExpressionOf<"convert">): IrValue {
  const { builder } = lowering;
  if (type.kind === "boolean" && operand.type.kind !== "boolean") {
    return truthValue(lowering, operand);
  }
  if (operand.type.kind === "array") {
    return withStored(lowering, operand, (place) => loadScalar(lowering, place, type));
  }
  const value = lowering.value(operand);
  return type.kind === "integer"
    ? fitted(lowering, value, operand.type, type)
    : builder.extend(value, 8, false);
}

/** A register's value of one type as another's: extended anew where it may not fit. */
export function fitted(lowering: Lowering, value: IrValue, from: Type, to: Type): IrValue {
  const have = accessOf(from);
  const want = accessOf(to);
  const isWider = have.size < want.size && (want.isSigned || !have.isSigned);
  const isSame = have.size === want.size && have.isSigned === want.isSigned;
  if (isWider || isSame) return value;
  return lowering.builder.extend(value, want.size, want.isSigned);
}

function part(lowering: Lowering, expression: CheckedExpressionOf<"part">): IrValue {
  const { operand, offset, sizeBytes, type } = expression;
  if (operand.kind !== "mapValue") {
    return withPart(lowering, expression, (place) => loadScalar(lowering, place, type, sizeBytes));
  }
  const { builder } = lowering;
  const result = builder.register();
  withMapValue(lowering, operand, {
    found: (place) => {
      builder.move(result, loadScalar(lowering, moved(place, offset), type, sizeBytes));
    },
    absent: () => {
      builder.move(result, constant(0));
    },
  });
  return result;
}
