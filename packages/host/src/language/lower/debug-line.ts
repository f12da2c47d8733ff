import { encodeUtf8 } from "../../text/utf8.js";
import { helpers } from "../../asm/helpers.js";
import { type CheckedExpression, type CheckedStatement } from "../check/checked-program.js";
import { type HelperArgument, type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { storeBytes } from "./memory-copy.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import { capacityOf, storeString } from "./strings.js";

/** bpf_trace_printk takes them in registers. */
const valuesInRegisters = 3;

/** Has the kernel format a line into its trace_pipe, or text into what a pinned iterator gives. */
export function writeDebugLine(
  lowering: Lowering,
  { into, format, values }: Extract<CheckedStatement, { readonly kind: "debug" }>,
): void {
  const { builder, memory } = lowering;
  withValues(lowering, values, [], (args) => {
    const text = encodeUtf8(`${format}\0`);
    memory.during(text.length, "format", (place) => {
      storeBytes(lowering, text, place);
      const described = [pointerTo(place), constant(text.length)] as const;
      if (into === "iterator") {
        writeIteratorText(lowering, described, args);
        return;
      }
      if (args.length <= valuesInRegisters) {
        builder.callOnly(helpers.trace_printk, ...described, ...args);
        return;
      }
      memory.during(args.length * 8, "values", (list) => {
        for (const [index, argument] of args.entries()) {
          builder.store(moved(list, index * 8), 8, argument);
        }
        const size = constant(args.length * 8);
        builder.callOnly(helpers.trace_vprintk, ...described, pointerTo(list), size);
      });
    });
  });
}

function writeIteratorText(
  { builder, memory }: Lowering,
  described: readonly [HelperArgument, HelperArgument],
  args: readonly IrValue[],
): void {
  // struct bpf_iter_meta (include/linux/bpf.h): `seq` is its first member, as it is the context's.
  const meta = builder.load({ kind: "context", offset: 0 }, 8, false);
  const seq = builder.load(behind(meta), 8, false);
  if (args.length === 0) {
    builder.callOnly(helpers.seq_printf, seq, ...described, constant(0), constant(0));
    return;
  }
  memory.during(args.length * 8, "values", (list) => {
    for (const [index, argument] of args.entries()) {
      builder.store(moved(list, index * 8), 8, argument);
    }
    const size = constant(args.length * 8);
    builder.callOnly(helpers.seq_printf, seq, ...described, pointerTo(list), size);
  });
}

/** Evaluates the values in turn; strings are copied to memory that lasts as long as `use` emits. */
function withValues(
  lowering: Lowering,
  values: readonly CheckedExpression[],
  before: readonly IrValue[],
  use: (args: readonly IrValue[]) => void,
): void {
  const [value, ...rest] = values;
  if (value === undefined) {
    use(before);
  } else if (value.type.kind === "string") {
    const capacityBytes = capacityOf(value);
    lowering.memory.during(capacityBytes, "string", (place) => {
      storeString(lowering, value, place, { capacityBytes, padding: "unknown" });
      withValues(lowering, rest, [...before, lowering.builder.addressOf(place)], use);
    });
  } else {
    withValues(lowering, rest, [...before, lowering.value(value)], use);
  }
}
