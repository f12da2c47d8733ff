import { setSha256Compression } from "@sonde/protocol";
import { runCommand } from "../program/run.js";
import { createMicroSystem } from "../system/micro/micro-system.js";
import { type Native } from "../system/micro/native.js";
import { createMicroRuntime } from "./micro-runtime.js";

/** The native layer puts it there. */
declare const native: Native;

setSha256Compression(native.compressBlocks);
const system = createMicroSystem(native);
// What nobody handles is a fault of ours: it is said, and ends the agent, as on Node.
const unhandled = new Map<object, unknown>();
native.setRejectionHandler((promise, reason, isHandled) => {
  if (isHandled) {
    unhandled.delete(promise);
    return;
  }
  unhandled.set(promise, reason);
  system.after(0, () => {
    if (!unhandled.has(promise)) return;
    system.log(`sonde-agent: internal error: ${String(reason)}`);
    system.exit(1);
  });
});
// Once this module has run to its end: what is read late imports from it.
void Promise.resolve()
  .then(() => runCommand(createMicroRuntime(system), native.arguments))
  .then((code) => system.exit(code));
