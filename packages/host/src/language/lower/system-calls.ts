import { InternalError } from "../../asm/internal-error.js";
import { type SystemCalls } from "../check/checked-program.js";
import { type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { constant } from "./program-builder.js";

/** Calls whose numbers follow each other, and whose names do: a name's index is the number moved by `toName`. */
interface Run {
  readonly first: number;
  last: number;
  readonly toName: number;
}

/** Of a probe that stands for the tracepoints of some system calls: jumps to `filtered` on all others. */
export function filterSystemCalls(lowering: Lowering, filtered: string): void {
  const { builder, builtins, probe } = lowering;
  const { systemCalls } = probe;
  if (systemCalls === undefined) return;
  const number = lowering.value(systemCalls.number);
  const found = builder.newLabel("traced");
  const name = systemCalls.nameIndexes === undefined ? undefined : builder.register();
  const inRun = ({ toName }: Run): void => {
    if (name !== undefined) builder.move(name, builder.binary("add", number, constant(toName)));
    builder.jump(found);
  };
  search(lowering, runsOf(systemCalls), number, { isBounded: false, filtered, inRun });
  builder.label(found);
  const accepted = builder.newLabel("native");
  lowering.jumpUnless(systemCalls.isForeign, accepted);
  builder.jump(filtered);
  builder.label(accepted);
  if (name !== undefined) builtins.get("probe", () => name);
}

/** The index of the probe's name among the layout's, in a function of its own: it is known elsewhere. */
export function nameOfSystemCall(lowering: Lowering): IrValue {
  const { builder, probe } = lowering;
  if (probe.systemCalls === undefined) throw new InternalError("a probe without system calls");
  const name = builder.register();
  const end = builder.newLabel("named");
  builder.move(name, constant(0));
  const number = lowering.value(probe.systemCalls.number);
  search(lowering, runsOf(probe.systemCalls), number, {
    isBounded: false,
    filtered: end,
    inRun: ({ toName }) => {
      builder.move(name, builder.binary("add", number, constant(toName)));
      builder.jump(end);
    },
  });
  builder.label(end);
  return name;
}

function runsOf({ calls, nameIndexes }: SystemCalls): Run[] {
  const runs: Run[] = [];
  calls.forEach(({ number }, index) => {
    const name = nameIndexes?.[index];
    const toName = name === undefined ? 0 : name - number;
    const last = runs.at(-1);
    if (last?.last === number - 1 && last.toName === toName) last.last = number;
    else runs.push({ first: number, last: number, toName });
  });
  return runs;
}

/** Halves the runs until one is left; `isBounded`: the number is known not to be below the first. */
function search(
  lowering: Lowering,
  runs: readonly Run[],
  number: IrValue,
  ways: {
    readonly isBounded: boolean;
    readonly filtered: string;
    readonly inRun: (run: Run) => void;
  },
): void {
  const { builder } = lowering;
  const half = Math.ceil(runs.length / 2);
  const [first, middle] = [runs[0], runs[half]];
  if (first === undefined) throw new InternalError("a search among no system calls");
  if (middle === undefined) {
    if (!ways.isBounded) builder.jumpIf("lt", number, constant(first.first), ways.filtered);
    builder.jumpIf("gt", number, constant(first.last), ways.filtered);
    ways.inRun(first);
    return;
  }
  const upper = builder.newLabel("upper");
  builder.jumpIf("ge", number, constant(middle.first), upper);
  search(lowering, runs.slice(0, half), number, ways);
  builder.label(upper);
  search(lowering, runs.slice(half), number, { ...ways, isBounded: true });
}
