import { type TargetDescription } from "../../src/spec/target-description.js";
import { linux510s390x } from "./linux-5.10-s390x.js";

/** A 32-bit board. */
export const linux510arm: TargetDescription = {
  ...linux510s390x,
  machine: "armv7l",
  architecture: "arm",
  pointerSize: 4,
  features: [...linux510s390x.features, "probe_read"],
  byteOrder: "little",
  buildId: "5100000000000000000000000000000000000a12",
};
