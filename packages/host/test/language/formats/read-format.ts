import { readFileSync } from "node:fs";

/** Text of a recorded format file: "syscalls:sys_enter_openat". Recorded on x86_64, Linux 6.18. */
export function readFormat(name: string): string | undefined {
  try {
    return readFileSync(new URL(`./${name.replace(":", ".")}.txt`, import.meta.url), "utf8");
  } catch {
    // Not recorded: there is no such tracepoint as far as tests go.
    return undefined;
  }
}
