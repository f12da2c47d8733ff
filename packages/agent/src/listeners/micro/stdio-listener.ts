import { Kernel } from "../../kernel/kernel.js";
import { type System } from "../../system/system.js";
import { type Listener, type ListenerOptions } from "../listener.js";
import { Strangers } from "../strangers.js";
import { openStdioStream } from "./stdio-stream.js";
import { UpgradeConnection } from "./upgrade-connection.js";

/** Serves the one host at the other end of standard input and output. `onEnd`: that host is gone. */
export function serveStdio(
  system: System,
  options: ListenerOptions & { readonly onEnd: () => void },
): Listener {
  new UpgradeConnection({
    ...options,
    system,
    stream: openStdioStream(new Kernel(system)),
    peer: undefined,
    strangers: new Strangers(),
    onClose: options.onEnd,
  });
  return {
    address: "stdio",
    // There is no other way in; the channel's own close is what says goodbye.
    close: () => undefined,
  };
}
