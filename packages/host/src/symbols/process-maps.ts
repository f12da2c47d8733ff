/** A stretch of a process's memory. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** In the file, of the byte at `start`. */
  readonly fileOffset: bigint;
  /** "08:01", and the number there; which file it is, whatever its name. "" and 0 when `buildId` says so. */
  readonly device: string;
  readonly inode: bigint;
  /** As the process would call it; "[vdso]", "[stack]"; "" for memory without a name. */
  readonly path: string;
  /** The file is under this name no more. */
  readonly isDeleted: boolean;
  /** Of the file, in hexadecimal, where the kernel has told. */
  readonly buildId?: string;
}

const linePattern =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ..(.). ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d{1,20})\s*(.*)$/;
const deleted = " (deleted)";

/** The stretches that code may be run in, of /proc/PID/maps (proc_pid_maps(5)), in its order, which is of rising addresses. */
export function parseProcessMaps(text: string): readonly Mapping[] {
  return text.split("\n").flatMap((line) => {
    const [, start, end, execute, offset, device, inode, name] = linePattern.exec(line) ?? [];
    if (execute !== "x" || device === undefined || name === undefined) return [];
    const isDeleted = name.endsWith(deleted);
    return [
      {
        start: hexadecimal(start),
        end: hexadecimal(end),
        fileOffset: hexadecimal(offset),
        device,
        inode: BigInt(inode ?? 0),
        path: unescape(isDeleted ? name.slice(0, -deleted.length) : name),
        isDeleted,
      },
    ];
  });
}

function hexadecimal(digits: string | undefined): bigint {
  return BigInt(`0x${digits ?? "0"}`);
}

/** A newline in a name is written "\012". */
function unescape(name: string): string {
  return name.replaceAll("\\012", "\n");
}
