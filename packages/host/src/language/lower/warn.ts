import { type RuntimeWarning } from "../check/runtime-warnings.js";
import { type Span } from "../syntax/span.js";
import { type IrValue } from "../ir.js";
import { withArrayValue } from "./loss.js";
import { hasFeature, type Lowering, lossOffsets, ownMaps } from "./lowering.js";
import { behind, constant, moved } from "./program-builder.js";
import { writeRecord } from "./record.js";

/** Of all warnings of a program: what goes wrong at each event must not fill the ring, or a slow line. */
const mostWarnings = 100;

/** Tells of something that goes wrong where it stands; `code` is what a helper has given. */
export function writeWarning(
  lowering: Lowering,
  span: Span,
  warning: RuntimeWarning,
  code?: IrValue,
): void {
  const { builder, program, target } = lowering;
  // Where programs must be short, what is counted anyway is told at the end.
  if (program.warnings === undefined || !hasFeature(target, "large_program")) return;
  const { id, layout } = program.warnings.recordOf(span, warning);
  const silent = builder.newLabel("silent");
  const one = builder.register();
  withArrayValue(lowering, ownMaps.loss, (value) => {
    const counter = behind(value, lossOffsets.warnings);
    builder.jumpIf("ge", builder.load(counter, 8, false), constant(mostWarnings), silent);
    builder.move(one, constant(1));
    builder.emit({ kind: "atomicAdd", address: counter, size: 8, value: one });
  });
  writeRecord(lowering, {
    ...{ id, layout, isControl: false, stringBytes: 0 },
    fill: (record, cursor) => {
      const [field] = layout.fields;
      if (field !== undefined && code !== undefined) {
        builder.store(moved(record, field.offset), 4, code);
      }
      return cursor;
    },
  });
  builder.label(silent);
}
