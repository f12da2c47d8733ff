import { ToolOptionError } from "./tool.js";

/** What BCC's counters are told to count, as probes of the language. */
export interface ProbePattern {
  /** With "*" for anything. */
  readonly probe: string;
  /** Of a process's code: stacks of processes make sense. */
  readonly isUser: boolean;
}

/**
 * BCC's patterns: "func", "p::func", "lib:func", "p:lib:func", "t:category:event", "u:lib:probe". "c" is the C library.
 * Throws ToolOptionError.
 */
export function parseProbePattern(text: string): ProbePattern {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.some((part, at) => part === "" && !(at === 1 && first === "p")) || parts.length > 3) {
    throw new ToolOptionError(
      `${text} is none of FUNCTION, LIBRARY:FUNCTION, t:CATEGORY:EVENT, u:LIBRARY:MARK`,
    );
  }
  if (parts.length === 1) return kernelFunction(first);
  if (parts.length === 2) return userFunction(first, second);
  switch (first) {
    case "p":
      return second === "" ? kernelFunction(third) : userFunction(second, third);
    case "t":
      return { probe: `tracepoint:${second}:${third}`, isUser: false };
    case "u":
      return { probe: `usdt:${fileOf(second)}:${third}`, isUser: true };
    default:
      throw new ToolOptionError(`${text}: the kind is p, t or u, not ${first}`);
  }
}

/** A regular expression of the simple kinds that wildcards can say: "^tcp_.*", "^(read|write)$". Throws ToolOptionError. */
export function wildcardsOf(pattern: string): string {
  const at = pattern.lastIndexOf(":") + 1;
  const expression = pattern.slice(at);
  const start = expression.startsWith("^") ? "" : "*";
  const end = expression.endsWith("$") ? "" : "*";
  const body = expression.replace(/^\^/, "").replace(/\$$/, "").replaceAll(".*", "*");
  if (/[^\w*]/.test(body)) {
    throw new ToolOptionError(
      `${expression}: of regular expressions only ^, $ and .* can be said in the language; without -r, * stands for anything`,
    );
  }
  return pattern.slice(0, at) + `${start}${body}${end}`.replaceAll(/\*+/g, "*");
}

/** What of a probe's name is told: "sched:sched_switch", "vfs_read". */
export function probeLabel(probe: string): string {
  const parts = probe.split(":");
  return parts[0] === "tracepoint" ? parts.slice(1).join(":") : (parts.at(-1) ?? probe);
}

function kernelFunction(name: string): ProbePattern {
  return { probe: `kprobe:${name}`, isUser: false };
}

function userFunction(library: string, name: string): ProbePattern {
  return { probe: `uprobe:${fileOf(library)}:${name}`, isUser: true };
}

function fileOf(library: string): string {
  return library === "c" ? "libc" : library;
}
