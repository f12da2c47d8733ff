import { helpers } from "../../asm/helpers.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { versionCode } from "../../text/version-code.js";
import { type BuiltinName } from "../check/checked-program.js";
import { type Address, type IrValue, type VirtualRegister } from "../ir.js";
import { withArrayValue } from "./loss.js";
import { type Lowering, nowHelper, ownMaps } from "./lowering.js";
import { nameOfSystemCall } from "./system-calls.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";

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
    case "initialPid":
      return builder.binary("rsh", initialThreadAndProcess(lowering), constant(32));
    case "initialTid":
      return lowHalf(lowering, initialThreadAndProcess(lowering));
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

/** tgid << 32 | tid: the kernel's "pid" is the thread. As the agent's pid namespace numbers them. */
export function threadAndProcess(lowering: Lowering): IrValue {
  const { builtins, target } = lowering;
  const { pidNamespace } = target;
  return pidNamespace === undefined || versionCode(target.release) < numbersByNamespace
    ? initialThreadAndProcess(lowering)
    : builtins.get("own pid_tgid", () => numbersIn(lowering, pidNamespace));
}

/** The same, as the initial pid namespace numbers them. */
function initialThreadAndProcess({ builder, builtins }: Lowering): IrValue {
  return builtins.get("pid_tgid", () => builder.call(helpers.get_current_pid_tgid));
}

/** bpf_get_ns_current_pid_tgid came with it. */
const numbersByNamespace = versionCode("5.7");

/** Numbers in a pid namespace; 0 of who runs in another one. */
function numbersIn(
  { builder }: Lowering,
  { device, inode }: NonNullable<TargetDescription["pidNamespace"]>,
): IrValue {
  // struct bpf_pidns_info: u32 pid, the thread; u32 tgid.
  const info: Address = { kind: "slot", slot: builder.allocateSlot(8, "numbers"), offset: 0 };
  // The kernel's own dev_t has 20 bits of minor (include/linux/kdev_t.h).
  const kernelDevice = ((device >> 32n) << 20n) | (device & 0xfffffn);
  builder.callOnly(
    helpers.get_ns_current_pid_tgid,
    constant(kernelDevice),
    constant(inode),
    pointerTo(info),
    constant(8),
  );
  const thread = builder.load(info, 4, false);
  const process = builder.binary("lsh", builder.load(moved(info, 4), 4, false), constant(32));
  const both = builder.binary("or", process, thread);
  builder.releaseSlot(info.slot);
  return both;
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
