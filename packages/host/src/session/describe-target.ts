import { type TargetDescription as WireDescription, type TargetFeatures } from "@sonde/protocol";
import { type FeatureName, type TargetDescription } from "../spec/target-description.js";

/** Makes the compiler's view of a target from what its agent reported; `hasBtf`: types are known, from wherever. */
export function toTargetDescription(
  wire: WireDescription,
  features: TargetFeatures,
  hasBtf: boolean,
): TargetDescription {
  const supported = Object.entries(features)
    .filter(([, result]) => result.state === "supported")
    // Names that this host does not know are of a newer agent: nothing here asks for them.
    .map(([name]) => name as FeatureName);
  return {
    release: wire.release,
    machine: wire.machine,
    architecture: wire.architecture,
    pointerSize: wire.pointerSize,
    byteOrder: wire.byteOrder,
    pageSize: wire.pageSize,
    possibleCpuCount: wire.possibleCpus.length,
    onlineCpuCount: wire.onlineCpus.length,
    buildId: wire.buildId,
    bootId: wire.bootId,
    hasBtf,
    realtimeMinusBoottime: wire.clocks.realtime - wire.clocks.boottime,
    realtimeMinusMonotonic: wire.clocks.realtime - wire.clocks.monotonic,
    ...(wire.pidNamespace === undefined ? {} : { pidNamespace: wire.pidNamespace }),
    features: supported,
  };
}
