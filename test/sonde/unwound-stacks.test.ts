import { describe, expect } from "@jest/globals";
import { chainSource, compile, SteppedProgram } from "../support/c-program.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, runSonde, startAttached } from "../support/sonde.js";

const tracing = requiresCommand("gcc", "gcc", "tracepoint", "uprobe", "get_stack", "bpf_loop");

/** Compiled as distributions do: no register points to frames. */
const withoutFrames = ["-O2", "-fomit-frame-pointer", "-fno-inline"];

const spread = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

describe("stacks of programs without frame pointers", () => {
  tracing("are unwound by their files' call frames, in a system call", async () => {
    const chain = await SteppedProgram.start(compile("bare", chainSource(), withoutFrames));
    const program = `tracepoint:syscalls:sys_enter_umask /pid == ${chain.pid}/ {
      print(dw_ustack); printf("%d\\n", len(dw_ustack)); @[dw_ustack(2)] = count(); print(dw_ustack(perf, 1));
    }`;
    const sonde = await startAttached(["-p", String(chain.pid), "-e", program]);
    await chain.step();
    const { output } = await interrupt(sonde);
    expect(spread(output)).toMatch(
      /^innermost\+\d+ middle\+\d+ outermost\+\d+ main\+\d+ __libc_start_call_main\+\d+ \S+ _start\+\d+ 7 [0-9a-f]+ innermost\+\d+ \(\S+bare\) @\[ innermost\+\d+ middle\+\d+ \]: 1$/,
    );
  });

  const deep = `
    #include <signal.h>
    #include <alloca.h>
    #include <string.h>
    __attribute__((noinline)) void reached(int n) { __asm__ volatile("" : : "r"(n)); }
    static void handler(int number) { reached(number); }
    __attribute__((noinline)) int raises(int n) { raise(SIGUSR1); return n + 1; }
    __attribute__((noinline)) int allocates(int n) {
      char *room = alloca(n); memset(room, n, n); return raises(room[1]) + room[0];
    }
    struct wide { char bytes[64]; } __attribute__((aligned(64)));
    __attribute__((noinline)) int aligns(int n) {
      struct wide wide; memset(&wide, n, sizeof wide); return allocates(wide.bytes[n & 7] + 100) + wide.bytes[3];
    }
    int main(int count, char **words) { signal(SIGUSR1, handler); return aligns(count) == 0; }`;

  tracing("from a signal's handler on, through frames of no fixed size", async () => {
    const path = compile("deep", deep, withoutFrames);
    const { output, code } = await runSonde([
      ...["trace", "-c", path, "-e"],
      `uprobe:${path}:reached { print(dw_ustack(raw, 3)); @[dw_ustack] = count(); }`,
    ]);
    expect(code).toBe(0);
    expect(spread(output)).toMatch(
      /^([0-9a-f]+ ){3}@\[ reached\+0 (handler\+\d+ )?__restore_rt\+\d+ .*raises\+\d+ allocates\+\d+ aligns\+\d+ main\+\d+ __libc_start_call_main\+\d+ \S+ _start\+\d+ \]: 1$/,
    );
  });

  const busy = `
    __attribute__((noinline)) unsigned spins(unsigned n) { for (unsigned i = 0; i < n; i++) __asm__ volatile(""); return n; }
    __attribute__((noinline)) unsigned calls(unsigned n) { return spins(n) + 1; }
    int main(void) { unsigned sum = 0; for (int i = 0; i < 40; i++) sum += calls(20000000); return sum == 1; }`;

  tracing("where interrupts are off, across files", async () => {
    const path = compile("busy", busy, withoutFrames);
    const { output } = await runSonde([
      ...["trace", "-c", path, "-e"],
      `profile:hz:199 /pid == cpid/ { @[dw_ustack(7)] = count(); }`,
    ]);
    expect(spread(output)).toMatch(
      /@\[ spins\+\d+ calls\+\d+ main\+\d+ __libc_start_call_main\+\d+ \S+ _start\+\d+ \]: \d+/,
    );
  });

  tracing("need to know whose", async () => {
    const { code, errors } = await runSonde(["trace", "-e", "begin { print(dw_ustack(3)); }"]);
    expect(errors).toContain(
      "ERROR: dw_ustack requires a target process. Use -p, -c, or --dwarf-pid",
    );
    expect(code).toBe(1);
  });
});
