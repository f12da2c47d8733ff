import { BpftraceUsageError } from "./exit-code.js";

/** PID_MAX_LIMIT (include/linux/threads.h). */
const largestPid = 4_194_304n;

/** A process's number, as C reads one. Throws BpftraceUsageError. */
export function parsePid(text: string): number {
  const [, sign, digits, rest] = /^(-?)(0x[\da-f]+|\d+)(.*)$/is.exec(text) ?? [];
  const fail = (message: string): never => {
    throw new BpftraceUsageError(message);
  };
  if (digits === undefined) return fail(`Failed to parse pid: invalid integer: ${text}`);
  if (rest !== "") return fail(`Failed to parse pid: invalid trailing bytes: ${text}`);
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    return fail(`Failed to parse pid: invalid trailing bytes: ${text}`);
  }
  const number = BigInt(isOctal ? `0o${digits}` : digits);
  const pid = sign === "-" ? BigInt.asUintN(64, -number) : number;
  if (pid > largestPid) return fail(`Pid out of range: ${pid}`);
  if (pid === 0n) {
    return fail("Failed to attach to pid: Unable to open pidfd (Invalid argument)");
  }
  return Number(pid);
}
