import { type ExpressionOf } from "../syntax/ast.js";
import { requireArguments, requireInteger, requireText } from "./call-arguments.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { convert } from "./coerce.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, type Type, uint32, uint64 } from "./type.js";

type Call = ExpressionOf<"call">;
type Span = Call["span"];

/** How far each CPU's variables are from where the kernel's symbols say (include/asm-generic/percpu.h); not on a single CPU. */
const distances = "__per_cpu_offset";

/** `percpu_kaddr("name")`, `percpu_kaddr("name", cpu)`: where a CPU has its own of the kernel's variables; 0 for a CPU that is not there. */
export function checkPercpuKaddr(probe: ProbeState, call: Call): CheckedExpression | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const name = requireText(probe, call, 0);
  const cpu = call.args.length > 1 ? requireInteger(probe, call, 1) : thisCpu(call.span);
  if (name === undefined || cpu === undefined) return undefined;
  const { span } = call;
  const symbol = probe.program.ask({ kind: "kernelSymbol", name });
  const table = probe.program.ask({ kind: "kernelSymbol", name: distances });
  if (symbol === undefined || table === undefined) return number(0n, span);
  if (symbol.address === undefined) {
    return probe.error("unknown-name", span, `Failed to resolve kernel symbol: ${name}`, [
      "Variables are among the kernel's symbols only when it was built with CONFIG_KALLSYMS_ALL.",
    ]);
  }
  if (table.address === undefined) return number(symbol.address, span);
  return placeOn(probe, { cpu, symbol: symbol.address, table: table.address, span });
}

interface Place {
  readonly cpu: CheckedExpression;
  readonly symbol: bigint;
  readonly table: bigint;
  readonly span: Span;
}

/** The CPU's number is evaluated once, and looked at before it is an index. */
function placeOn(probe: ProbeState, { cpu, symbol, table, span }: Place): CheckedExpression {
  const { pointerSize, possibleCpuCount } = probe.program.target;
  const { id } = probe.temporary(span, uint64);
  const kept: CheckedExpression = { kind: "scratch", scratch: id, type: uint64, span };
  const keep: CheckedStatement = {
    kind: "assign",
    target: { kind: "scratch", scratch: id, type: uint64 },
    operation: undefined,
    value: convert(cpu, uint64, span),
    span,
  };
  const distance: CheckedExpression = {
    kind: "readMemory",
    pointer: calculate(
      "add",
      number(table, span),
      calculate("multiply", kept, number(BigInt(pointerSize), span)),
    ),
    space: "kernel",
    sizeBytes: pointerSize,
    type: pointerSize === 4 ? uint32 : uint64,
    span,
  };
  const place = calculate("add", number(symbol, span), distance);
  const value: CheckedExpression = {
    kind: "conditional",
    condition: {
      kind: "compare",
      operation: "less",
      isSigned: false,
      left: kept,
      right: number(BigInt(possibleCpuCount), span),
      type: boolean,
      span,
    },
    then: pointerSize === 4 ? convert(convert(place, uint32, span), uint64, span) : place,
    otherwise: number(0n, span),
    type: uint64,
    span,
  };
  return { kind: "block", statements: [keep], value, type: uint64, span };
}

function calculate(
  operation: "add" | "multiply",
  left: CheckedExpression,
  right: CheckedExpression,
): CheckedExpression {
  return { kind: "binary", operation, left, right, type: uint64, span: left.span };
}

function thisCpu(span: Span): CheckedExpression {
  return { kind: "builtin", name: "cpu", type: uint32, span };
}

function number(value: bigint, span: Span, type: Type = uint64): CheckedExpression {
  return { kind: "constant", value, type, span };
}
