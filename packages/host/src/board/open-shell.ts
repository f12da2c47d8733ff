import { TargetError } from "../session/errors.js";
import { parseTarget } from "../session/target-url.js";
import { type Shell } from "./shell.js";
import { ToolShell } from "./tool-shell.js";

/** A shell on the board that a target's address names. Throws TargetError when that way leads to none, and ConnectError. */
export function openShell(target: string): Promise<Shell> {
  const address = parseTarget(target);
  switch (address.kind) {
    case "ssh":
    case "adb":
    case "docker":
    case "kubectl":
      return Promise.resolve(new ToolShell(address));
    default:
      throw new TargetError(
        `target "${target}": there is no shell on this way to put an agent there`,
        {
          hint: "agents are put on boards through ssh://, adb:, docker:// and kubectl://",
        },
      );
  }
}
