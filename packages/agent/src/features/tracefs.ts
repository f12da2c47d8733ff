import { MissingError, SyscallError } from "../kernel/errors.js";
import { readTextFile, tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { encodeCString } from "../kernel/text.js";

const mountPoint = "/sys/kernel/tracing";

/**
 * Where tracefs is mounted; mounts it when it is nowhere and the agent may. "" when there is none. Under debugfs the
 * kernel mounts it by itself on the first visit, so that it need not be in the list of mounts.
 */
export function findTracefs(kernel: Kernel): string {
  const mounts = (tryReadTextFile(kernel, "/proc/self/mounts") ?? "").split("\n").map((line) => {
    const [, path = "", type = ""] = line.split(" ");
    return { path: unescape(path), type };
  });
  const mounted = mounts.find(({ type }) => type === "tracefs");
  if (mounted !== undefined) return mounted.path;
  if (mountTracefs(kernel) >= 0) return mountPoint;
  const debugfs = mounts.find(({ type }) => type === "debugfs");
  if (debugfs === undefined) return "";
  const path = `${debugfs.path}/tracing`;
  return tryReadTextFile(kernel, `${path}/trace_clock`) === undefined ? "" : path;
}

/** mount(2): 0, or the negated errno. */
function mountTracefs(kernel: Kernel): number {
  const type = encodeCString("tracefs");
  return kernel.call("mount", type, encodeCString(mountPoint), type, 0, 0);
}

/** Blanks and backslashes of a path are octal in /proc/self/mounts (fs/proc_namespace.c). */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/**
 * The id of a tracepoint, which perf_event_open(2) takes. Throws MissingError when there is none of that name, and
 * SyscallError.
 */
export function readTracepointId(
  kernel: Kernel,
  tracefs: string,
  category: string,
  name: string,
): bigint {
  const action = `look tracepoint ${category}:${name} up`;
  if (tracefs === "") {
    throw new MissingError(`${action}: there is no tracefs`, {
      hint: "mount it on the target: mount -t tracefs tracefs /sys/kernel/tracing",
    });
  }
  const path = `${tracefs}/events/${category}/${name}/id`;
  const text = readId(kernel, action, path).trim();
  if (!/^\d{1,9}$/.test(text)) throw new MissingError(`${action}: ${path} holds no number`);
  return BigInt(text);
}

function readId(kernel: Kernel, action: string, path: string): string {
  try {
    return readTextFile(kernel, path);
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== kernel.errno.ENOENT) throw error;
    throw new MissingError(`${action}: this kernel has none of that name`, {
      cause: error,
      hint: "`sonde probes` lists those that it has",
    });
  }
}
