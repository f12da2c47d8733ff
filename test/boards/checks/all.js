import { descriptionChecks } from "./description.js";
import { failureChecks } from "./failures.js";
import { mapAndRecordChecks } from "./maps-and-records.js";
import { probeChecks } from "./probes.js";
import { toolChecks } from "./tools.js";

export const checks = [
  ...descriptionChecks,
  ...probeChecks,
  ...mapAndRecordChecks,
  ...toolChecks,
  ...failureChecks,
];
