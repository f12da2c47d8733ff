import { helpers } from "../../asm/helpers.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type BuiltinName } from "../check/checked-program.js";
import { type IrValue, type VirtualRegister } from "../ir.js";
import { withArrayValue } from "./loss.js";
import { type Lowering, nowHelper, ownMaps } from "./lowering.js";
import { nameOfSystemCall } from "./system-calls.js";
import { behind, constant, pointerTo } from "./program-builder.js";

/** The value of a builtin that fits in a register. What cannot change while a program runs is asked for once. */
export function builtin(lowering: Lowering, name: BuiltinName): IrValue {
  const { builder, builtins, probe } = lowering;
  switch (name) {
    case "pid":
      return builtins.get("pid", () =>
        builder.binary("rsh", threadAndProcess(lowering), constant(32)),
      );
    case "tid":
      return builtins.get("tid", () => lowHalf(lowering, threadAndProcess(lowering)));
    case "uid":
      return builtins.get("uid", () => lowHalf(lowering, userAndGroup(lowering)));
    case "gid":
      return builtins.get("gid", () => builder.binary("rsh", userAndGroup(lowering), constant(32)));
    case "cpu":
      return builtins.get("cpu", () => builder.call(helpers.get_smp_processor_id));
    case "curtask":
      return builtins.get("curtask", () => builder.call(helpers.get_current_task));
    case "ctx":
      return builtins.get("ctx", () => builder.numberOf({ kind: "context", offset: 0 }));
    case "rand":
      return builder.call(helpers.get_prandom_u32);
    case "probe":
      return builtins.get("probe", () =>
        probe.isJoined === true
          ? lowHalf(lowering, attachCookie(lowering))
          : nameOfSystemCall(lowering),
      );
    case "func":
      return builtins.get("func", () =>
        builder.binary("rsh", attachCookie(lowering), constant(32)),
      );
    case "nsecs":
      return now(lowering);
    case "elapsed":
      return elapsed(lowering);
    case "comm":
      throw new InternalError("comm does not fit in a register");
    default:
      return assertNever(name);
  }
}

/** tgid << 32 | tid: the kernel's "pid" is the thread. */
export function threadAndProcess({ builder, builtins }: Lowering): IrValue {
  return builtins.get("pid_tgid", () => builder.call(helpers.get_current_pid_tgid));
}

/** gid << 32 | uid. */
function userAndGroup({ builder, builtins }: Lowering): IrValue {
  return builtins.get("uid_gid", () => builder.call(helpers.get_current_uid_gid));
}

/** What tells a joined probe's places. */
function attachCookie({ builder, builtins }: Lowering): IrValue {
  const context = pointerTo({ kind: "context", offset: 0 });
  return builtins.get("cookie", () => builder.call(helpers.get_attach_cookie, context));
}

function lowHalf({ builder }: Lowering, value: IrValue): IrValue {
  return builder.extend(value, 4, false);
}

/** Nanoseconds of the clock that `nsecs` reads on this target. */
function now({ builder, target }: Lowering): VirtualRegister {
  return builder.call(nowHelper(target));
}

function elapsed(lowering: Lowering): IrValue {
  const { builder } = lowering;
  const result = now(lowering);
  withArrayValue(lowering, ownMaps.startTime, (value) => {
    const start = builder.load(behind(value), 8, false);
    builder.emit({
      kind: "binary",
      operation: "sub",
      width: 64,
      to: result,
      left: result,
      right: start,
    });
  });
  return result;
}
