import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { listenOnTcp, listenOnUnix, serveStdio } from "../listeners/node/listeners.js";
import { type Runtime } from "../program/runtime.js";
import { createNodeSystem } from "../system/node/node-system.js";
import { connectToAgent } from "./connect.js";
import { listenOnRelay } from "./relay-listener.js";
import { readPin, readTlsFiles } from "./tls-files.js";

const descriptors = { output: 1, errors: 2 } as const;

/** The agent on Node. */
export const nodeRuntime: Runtime = {
  createSystem: createNodeSystem,
  workingFolder: () => process.cwd(),
  get hasTerminal(): boolean {
    return process.stdin.isTTY;
  },
  randomBytes,
  print(stream, text): void {
    try {
      writeSync(descriptors[stream], text);
    } catch {
      // Whoever should have read it (`sonde-agent --help | head -1`) has gone.
    }
  },
  onEndSignal({ ignoresInterrupt }, callback): void {
    process.on("SIGTERM", callback);
    process.on("SIGHUP", callback);
    process.on("SIGINT", ignoresInterrupt ? (): void => undefined : callback);
  },
  connect: connectToAgent,
  readPin: (file) => readPin(createNodeSystem(), file),
  async listenOnTcp(system, { tls, ...options }) {
    if (tls === undefined) return await listenOnTcp(options);
    const identity = readTlsFiles(system, tls, Date.now());
    const listener = await listenOnTcp({ ...options, tls: identity.settings });
    for (const warning of identity.warnings) system.log(warning);
    system.log(`hosts can be sure of this agent by --pin ${identity.pin}`);
    return listener;
  },
  listenOnUnix: (_system, options) => listenOnUnix(options),
  listenOnRelay,
  serveStdio: (_system, options) => serveStdio(options),
};
