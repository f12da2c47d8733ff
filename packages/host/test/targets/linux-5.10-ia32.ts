import { type TargetDescription } from "../../src/spec/target-description.js";
import { linux510arm } from "./linux-5.10-arm.js";

/** A 32-bit x86: functions of the kernel's have arguments in registers, those of programs on the stack. */
export const linux510ia32: TargetDescription = {
  ...linux510arm,
  machine: "i686",
  architecture: "ia32",
  buildId: "5100000000000000000000000000000000000086",
};
