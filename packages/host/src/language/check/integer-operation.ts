import { type BinaryOperator } from "../syntax/ast.js";
import { type IntegerOperation } from "./checked-program.js";

const integerOperations: Partial<Record<BinaryOperator, IntegerOperation>> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "%": "modulo",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "shiftLeft",
  ">>": "shiftRight",
};

/** What a compound assignment or a binary operator does to integers. */
export function integerOperationOf(operator: BinaryOperator): IntegerOperation | undefined {
  return integerOperations[operator];
}
