import { type Expression } from "../../syntax/ast.js";
import { integerOperationOf } from "../integer-operation.js";
import { foldBinary } from "../constant.js";
import { int64 } from "../type.js";

/** The number that an expression of literals is; `undefined` when it is none. `valueOf` knows names. */
export function foldInteger(
  expression: Expression,
  valueOf: (name: string) => bigint | undefined,
): bigint | undefined {
  switch (expression.kind) {
    case "integer":
      return expression.value;
    case "identifier":
      return valueOf(expression.name);
    case "unary": {
      const operand = foldInteger(expression.operand, valueOf);
      if (operand === undefined) return undefined;
      if (expression.operator === "-") return -operand;
      return expression.operator === "~" ? ~operand : undefined;
    }
    case "binary": {
      const operation = integerOperationOf(expression.operator);
      const left = foldInteger(expression.left, valueOf);
      const right = foldInteger(expression.right, valueOf);
      if (operation === undefined || left === undefined || right === undefined) return undefined;
      return foldBinary(operation, left, right, int64);
    }
    default:
      return undefined;
  }
}
