import { type ShellAddress } from "./shell-address.js";

/** A command of this machine. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** For messages: "ssh://root@board". */
export function formatShellAddress(address: ShellAddress): string {
  switch (address.kind) {
    case "ssh":
      return `ssh://${address.destination}${address.port === undefined ? "" : `:${address.port}`}`;
    case "adb":
      return address.serial === undefined ? "adb:" : `adb://${address.serial}`;
    case "docker":
      return `docker://${address.container}`;
    case "kubectl": {
      const namespace = address.namespace === undefined ? "" : `${address.namespace}/`;
      return `kubectl://${namespace}${address.pod}`;
    }
  }
}

/** What runs a command line of sh on a board, with our standard streams as its own and no terminal, which would change bytes. */
export function shellCommand(address: ShellAddress, line: string): Command {
  switch (address.kind) {
    case "ssh": {
      const port = address.port === undefined ? [] : ["-p", String(address.port)];
      // A link that was cut without a word is noticed within half a minute.
      const alive = ["-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=2"];
      // The user's shell may be any; the two dashes end ssh's own options.
      const remote = `exec sh -c ${quoteForShell(line)}`;
      return { file: "ssh", args: ["-T", ...alive, ...port, "--", address.destination, remote] };
    }
    case "adb": {
      const device = address.serial === undefined ? [] : ["-s", address.serial];
      // The device's own sh runs what it is given.
      return { file: "adb", args: [...device, "shell", "-T", line] };
    }
    case "docker":
      return { file: "docker", args: ["exec", "-i", address.container, "sh", "-c", line] };
    case "kubectl": {
      const options = [
        ...named("--context", address.context),
        ...named("--namespace", address.namespace),
        ...named("--container", address.container),
      ];
      return {
        file: "kubectl",
        args: ["exec", "-i", ...options, address.pod, "--", "sh", "-c", line],
      };
    }
  }
}

/** A word as sh reads it back. */
export function quoteForShell(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function named(option: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [option, value];
}
