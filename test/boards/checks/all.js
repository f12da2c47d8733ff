import { attachWayChecks } from "./attach-ways.js";
import { compatChecks } from "./compat.js";
import { debugLineChecks } from "./debug-lines.js";
import { descriptionChecks } from "./description.js";
import { exactCountChecks } from "./exact-counts.js";
import { failureChecks } from "./failures.js";
import { i2cChecks } from "./i2c.js";
import { mapAndRecordChecks } from "./maps-and-records.js";
import { objectChecks } from "./objects.js";
import { onOldKernel } from "./old-kernel.js";
import { probeChecks } from "./probes.js";
import { toolChecks } from "./tools.js";

const ownChecks = [
  ...descriptionChecks,
  ...probeChecks,
  ...mapAndRecordChecks,
  ...debugLineChecks,
  ...toolChecks,
  ...i2cChecks,
];

export const checks = [
  ...ownChecks,
  ...onOldKernel(ownChecks),
  ...objectChecks,
  ...compatChecks,
  // Those with the same agent one after the other.
  ...[...attachWayChecks, ...exactCountChecks, ...failureChecks].sort((one, other) =>
    (one.without ?? []).join().localeCompare((other.without ?? []).join()),
  ),
];
