import { TargetError } from "../session/errors.js";
import { openRawLine } from "../session/open-link.js";
import { parseTarget } from "../session/target-url.js";
import { ConsoleShell } from "./console-shell.js";
import { type Shell } from "./shell.js";
import { ToolShell } from "./tool-shell.js";

const lineMilliseconds = 15_000;

/** A shell on the board that a target's address names. Throws TargetError when that way leads to none, and ConnectError. */
export async function openShell(target: string): Promise<Shell> {
  const address = parseTarget(target);
  switch (address.kind) {
    case "ssh":
    case "adb":
    case "docker":
    case "kubectl":
      return new ToolShell(address);
    case "serial":
    case "tcp":
    case "rfc2217":
      return await ConsoleShell.open(await openRawLine(address, lineMilliseconds), address.baud);
    default:
      throw new TargetError(
        `target "${target}": there is no shell on this way to put an agent there`,
        {
          hint: "agents are put on boards through ssh://, adb:, docker://, kubectl://, and a console: serial:, tcp://, rfc2217://",
        },
      );
  }
}
