import {
  type CheckedExpression,
  type CheckedStatement,
  type StringList,
  type Place,
} from "../../../src/language/check/checked-program.js";
import { structureName, type Type } from "../../../src/language/check/type.js";

/** A type in short: u32, s64, bool, str64, kptr, uptr. */
export function printType(type: Type): string {
  switch (type.kind) {
    case "integer":
      return `${type.isSigned ? "s" : "u"}${type.sizeBytes * 8}`;
    case "boolean":
      return "bool";
    case "string":
      return `str${type.capacityBytes}`;
    case "pointer":
      return `${type.space}*`;
    case "tuple": {
      const { names, elements } = type;
      const named = (name: string | undefined): string => (name === undefined ? "" : `${name}=`);
      return `(${elements.map((one, at) => named(names?.[at]) + printType(one)).join(",")})`;
    }
    case "array":
      return `${printType(type.element)}[${type.length}]`;
    case "struct":
      return structureName(type.structure);
    default:
      return type.kind;
  }
}

/** A checked expression in prefix form, its type behind a colon. */
export function printChecked(expression: CheckedExpression): string {
  const bare = printBare(expression);
  // What a literal's own size is does not matter: it fits in all that hold it.
  const isLiteral = expression.kind === "constant" && expression.isLiteral === true;
  if (isLiteral && printType(expression.type) !== "u64") return `${bare}:s64`;
  return `${bare}:${printType(expression.type)}`;
}

function printBare(expression: CheckedExpression): string {
  const list = (head: string, ...parts: CheckedExpression[]): string =>
    `(${[head, ...parts.map(printChecked)].join(" ")})`;
  switch (expression.kind) {
    case "constant":
      return String(expression.value);
    case "stringConstant":
      return JSON.stringify(expression.value);
    case "builtin":
      return expression.name;
    case "argument":
      return `arg${expression.index}`;
    case "returnValue":
      return "retval";
    case "variableAddress":
      return `&$${expression.scratch}`;
    case "contextField":
      return `ctx@${expression.offset}+${expression.sizeBytes}`;
    case "contextString":
      return `ctxstr@${expression.offset}+${expression.sizeBytes}`;
    case "dataLocation":
      return `loc@${expression.offset}`;
    case "readString":
      return list(
        `str-${expression.space}`,
        expression.pointer,
        ...(expression.length === undefined ? [] : [expression.length]),
      );
    case "readMemory":
      return list(`read-${expression.space}`, expression.pointer);
    case "scratch":
      return `$${expression.scratch}`;
    case "mapValue":
      return list(`get ${expression.map}`, ...expression.keys);
    case "mapAddress":
      return `(map ${expression.map})`;
    case "path":
      return list("path", expression.pointer);
    case "hasKey":
      return list(`has ${expression.map}`, ...expression.keys);
    case "update":
      return `(update ${printPlace(expression.target)} ${expression.by} ${expression.result})`;
    case "binary":
    case "logical":
      return list(expression.operation, expression.left, expression.right);
    case "compare":
      return list(
        `${expression.isSigned ? "signed-" : ""}${expression.operation}`,
        expression.left,
        expression.right,
      );
    case "findText":
      return list("find-text", expression.string, expression.text);
    case "stringLength":
      return list("length", expression.string);
    case "shortened":
      return `(short ${printChecked(expression.string)})`;
    case "concatenation":
      return list("concatenate", expression.left, expression.right);
    case "compareBytes":
      return list(`compare-bytes ${expression.count}`, expression.left, expression.right);
    case "byteSwap":
      return list(`swap${expression.sizeBytes}`, expression.operand);
    case "helper":
      return list(expression.helper, ...expression.values);
    case "mapLength":
      return `(entries ${expression.loop.map})`;
    case "keptStackDepth":
      return list("depth", expression.stack);
    case "stackDepth":
      return `(depth ${expression.stack.space})`;
    case "bytes":
      return list(
        "bytes",
        expression.header,
        expression.content.kind === "value" ? expression.content.value : expression.content.pointer,
      );
    case "aggregationValue":
      return list(`total ${expression.map} ${expression.part}`, ...expression.keys);
    case "deleted":
      return list(`delete ${expression.map}`, ...expression.keys);
    case "compareStrings":
      return list(
        `str-${expression.operation}${expression.limitBytes === undefined ? "" : `-${expression.limitBytes}`}`,
        expression.left,
        expression.right,
      );
    case "negate":
    case "complement":
    case "not":
    case "convert":
      return list(expression.kind, expression.operand);
    case "conditional":
      return list("if", expression.condition, expression.then, expression.otherwise);
    case "register":
      return `reg@${expression.offset}`;
    case "stack": {
      const { space, mode, limit } = expression.type;
      return `(stack ${space} ${mode} ${limit})`;
    }
    case "tuple":
      return list("tuple", ...expression.elements);
    case "compareMemory":
      return list(`memory-${expression.operation}`, expression.left, expression.right);
    case "element":
      return list("element", expression.operand, expression.index);
    case "block":
      return `{${expression.statements.map(printCheckedStatement).join("; ")}; ${printChecked(expression.value)}}`;
    default:
      return list(`@${expression.offset}`, expression.operand);
  }
}

export function printPlace(place: Place): string {
  return place.kind === "scratch"
    ? `$${place.scratch}:${printType(place.type)}`
    : `(map ${[place.map, ...place.keys.map(printChecked)].join(" ")}):${printType(place.type)}`;
}

function printList(list: StringList | undefined): string {
  return list === undefined ? "" : ` (list ${printChecked(list.pointers)} ${list.space})`;
}

/** A checked statement in prefix form. */
export function printCheckedStatement(statement: CheckedStatement): string {
  const values = (list: readonly CheckedExpression[]): string =>
    list.map((value) => ` ${printChecked(value)}`).join("");
  const block = (statements: readonly CheckedStatement[]): string =>
    `{${statements.map(printCheckedStatement).join("; ")}}`;
  switch (statement.kind) {
    case "evaluate":
      return printChecked(statement.expression);
    case "assign":
      return `(${statement.operation ?? ""}= ${printPlace(statement.target)} ${printChecked(statement.value)})`;
    case "aggregate":
      return `(aggregate ${statement.map} [${values(statement.keys).trim()}]${statement.value === undefined ? "" : values([statement.value])})`;
    case "delete":
      return `(delete ${statement.map}${values(statement.keys)})`;
    case "record":
      return `(record ${statement.record}${values(statement.values)}${printList(statement.list)}${statement.isControl ? " control" : ""})`;
    case "control":
      return `(control ${statement.record})`;
    case "if":
      return `(if ${printChecked(statement.condition)} ${block(statement.then)} ${block(statement.otherwise)})`;
    case "unroll":
      return `(unroll ${statement.count} ${block(statement.body)})`;
    case "while":
      return `(while ${printChecked(statement.condition)} ${block(statement.body)})`;
    case "range": {
      const { scratch, first, last, body } = statement;
      return `(for $${scratch} ${printChecked(first)} ${printChecked(last)} ${block(body)})`;
    }
    case "entries":
      return `(for $${statement.scratch} (map ${statement.map}) ${block(statement.body)})`;
    case "jump":
      return `(${statement.word})`;
    default:
      return "(return)";
  }
}
