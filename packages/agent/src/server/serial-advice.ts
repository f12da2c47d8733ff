import { SyscallError } from "../kernel/errors.js";
import { listDirectory, readLink, tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";

/** Messages of this level and above are kept off the consoles: emergencies alone get through. */
const quietLogLevel = 1;

/** What a person should know of others who use the serial port behind a descriptor: they cost room on the line, or bytes. */
export function adviseOnSerialPort(kernel: Kernel, fd: number): string[] {
  // By the port's own path: it may have been named by a link.
  const path = tryReadLink(kernel, `/proc/self/fd/${fd}`);
  if (path === undefined) return [];
  return [...adviseOnConsole(kernel, path), ...adviseOnOthers(kernel, path)];
}

function adviseOnConsole(kernel: Kernel, path: string): string[] {
  const name = path.replace(/^\/dev\//, "");
  const consoles = tryReadTextFile(kernel, "/proc/consoles") ?? "";
  const isConsole = consoles.split("\n").some((line) => line.split(/\s/)[0] === name);
  const logLevel = tryReadTextFile(kernel, "/proc/sys/kernel/printk")?.split(/\s/)[0];
  return isConsole && Number(logLevel) > quietLogLevel
    ? [
        `the kernel's log goes to ${path}, too, which costs room on the line: dmesg -n 1 keeps it quiet`,
      ]
    : [];
}

/** Of whoever has it open, each byte that comes goes to one alone. */
function adviseOnOthers(kernel: Kernel, path: string): string[] {
  const own = tryReadLink(kernel, "/proc/self");
  const others = list(kernel, "/proc").filter((name) => /^\d+$/.test(name) && name !== own);
  return others
    .filter((pid) => hasOpen(kernel, pid, path))
    .map((pid) => {
      const comm = tryReadTextFile(kernel, `/proc/${pid}/comm`) ?? "a process";
      return `${comm} (process ${pid}) has ${path} open, too, and may take bytes away: end it (a getty: systemctl stop serial-getty@${path.replace(/^\/dev\//, "")})`;
    });
}

function hasOpen(kernel: Kernel, pid: string, path: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return list(kernel, folder).some((fd) => tryReadLink(kernel, `${folder}/${fd}`) === path);
}

/** Nothing for what has gone meanwhile, or is not ours to see. */
function list(kernel: Kernel, path: string): string[] {
  return orUndefined(() => listDirectory(kernel, path)) ?? [];
}

function tryReadLink(kernel: Kernel, path: string): string | undefined {
  return orUndefined(() => readLink(kernel, path));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}
