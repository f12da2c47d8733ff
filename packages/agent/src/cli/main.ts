import { runCommand } from "../program/run.js";
import { nodeRuntime } from "./node-runtime.js";

// What goes wrong beyond what runCommand reports is a fault of ours: Node prints its stack and ends with 1.
void runCommand(nodeRuntime, process.argv.slice(2)).then((code) => process.exit(code));
