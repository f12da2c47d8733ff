import { type MapValueLayout } from "../../spec/trace-layout.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { addInPlace, keepExtreme, type Update } from "./in-place.js";
import { type Lowering, nowHelper } from "./lowering.js";
import { constant, moved } from "./program-builder.js";

type SeriesLayout = Extract<MapValueLayout, { readonly kind: "tseries" }>;

/** The interval that it is now. */
interface Interval {
  readonly now: VirtualRegister;
  readonly number: IrValue;
  /** Where its value is kept: that of an interval that is too old is overwritten. */
  readonly slot: IrValue;
}

export function currentInterval({ builder, target }: Lowering, layout: SeriesLayout): Interval {
  const now = builder.call(nowHelper(target));
  const aligned = builder.binary("add", now, constant(layout.alignmentNanoseconds));
  const number = builder.binary("div", aligned, constant(layout.intervalNanoseconds));
  return { now, number, slot: builder.binary("mod", number, constant(layout.intervals)) };
}

/** Changes the interval's value, or begins it where another interval's stands. */
export function seriesUpdate(
  lowering: Lowering,
  layout: SeriesLayout,
  interval: Interval,
  value: IrValue,
): Update {
  const { builder } = lowering;
  const initial = (place: Address): void => {
    builder.store(place, 8, value);
    builder.store(moved(place, 8), 8, layout.keeps === "last" ? interval.now : constant(1));
    builder.store(moved(place, 16), 8, interval.number);
  };
  return {
    initial,
    change: (place) => {
      const begin = builder.newLabel("begin_interval");
      const end = builder.newLabel("in_interval");
      builder.jumpIf("ne", builder.load(moved(place, 16), 8, false), interval.number, begin);
      changeValue(lowering, layout, interval, place, value);
      builder.label(end);
      builder.aside(() => {
        builder.label(begin);
        initial(place);
        builder.jump(end);
      });
    },
  };
}

function changeValue(
  lowering: Lowering,
  { keeps, isSigned }: SeriesLayout,
  { now }: Interval,
  place: Address,
  value: IrValue,
): void {
  const { builder } = lowering;
  switch (keeps) {
    case "last":
      builder.store(place, 8, value);
      builder.store(moved(place, 8), 8, now);
      return;
    case "min":
    case "max":
      keepExtreme(lowering, place, value, { kind: keeps, isSigned });
      return;
    case "sum":
    case "avg":
      addInPlace(lowering, place, value);
      addInPlace(lowering, moved(place, 8), constant(1));
  }
}
