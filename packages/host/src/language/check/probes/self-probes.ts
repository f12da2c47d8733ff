import { runProbe } from "./run-probe.js";
import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

/** `self:signal:SIGUSR1`: when this program, on the host, gets the signal. */
export function expandSelfProbe(context: AttachPointContext): ConcreteProbe[] {
  if (!context.takes([2], "signal:SIGUSR1")) return [];
  const [trigger, signal] = context.parts.map(({ text }) => text);
  if (trigger !== "signal") {
    context.fault(`${trigger ?? ""} is not a supported trigger`);
    return [];
  }
  if (signal !== "SIGUSR1") {
    context.fault(`${signal ?? ""} is not a supported signal`, context.span, ["SIGUSR1 is."]);
    return [];
  }
  return [runProbe(context, "self:signal:SIGUSR1", "signal")];
}
