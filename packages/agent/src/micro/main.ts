import { setSha256Compression } from "@sonde/protocol";
import { runCommand } from "../program/run.js";
import { createMicroSystem } from "../system/micro/micro-system.js";
import { type Native } from "../system/micro/native.js";
import { createMicroRuntime } from "./micro-runtime.js";

/** The native layer puts it there. */
declare const native: Native;

setSha256Compression(native.compressBlocks);
const system = createMicroSystem(native);
void runCommand(createMicroRuntime(system), native.arguments).then((code) => system.exit(code));
