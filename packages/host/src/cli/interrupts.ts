import { exitCodes } from "./exit-code.js";

/**
 * Calls back on the first Ctrl-C or SIGTERM; a second one ends the process at once (the agent then cleans up by itself).
 * Gives a function that stops listening.
 */
export function onInterrupt(callback: () => void): () => void {
  let isInterrupted = false;
  const handler = (): void => {
    if (isInterrupted) process.exit(exitCodes.interrupted);
    isInterrupted = true;
    callback();
  };
  process.on("SIGINT", handler);
  process.on("SIGTERM", handler);
  process.on("SIGHUP", handler);
  return () => {
    process.off("SIGINT", handler);
    process.off("SIGTERM", handler);
    process.off("SIGHUP", handler);
  };
}
