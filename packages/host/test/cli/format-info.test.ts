import { describe, expect, test } from "@jest/globals";
import { formatInfo } from "../../src/cli/format-info.js";
import { board as parts } from "./info-parts.js";
import { styleFor } from "../../src/cli/style.js";
import { wrapText } from "../../src/cli/wrap-text.js";

describe("info as text", () => {
  test("is a table of what works and how, what does not and why, and what to do", () => {
    expect(formatInfo(parts, styleFor({ isTTY: false }, {}), 80)).toBe(`\
agent      sonde-agent 0.1.0, protocol 1.0
host name  board
kernel     5.10.0-31-arm #1 SMP
machine    armv7l, 32-bit kernel, little-endian
CPUs       2 online of 4 possible
page size  4096 bytes
build id   none
BTF        none
settings   kernel.kptr_restrict = 2
clock      this machine's
tracefs    /sys/kernel/tracing
user id    0

Probes
  tracepoint                  yes  perf event link
  kprobe                      no   kprobe PMU: not in this kernel;
                                   kprobe_events: open: ENOENT
  kretprobe                   no   the same
  watchpoint                  ?    perf_event_open: EACCES

Beside them
  kernel_symbols              no   /proc/kallsyms shows no addresses
  ringbuf                     no   one ring buffer for all events: perf buffers,
                                   one for each CPU (5.8) (bpf(BPF_MAP_CREATE):
                                   EINVAL)
  jump32                      yes  32-bit comparisons

What to do
  kprobe, kretprobe
      a kernel with CONFIG_KPROBES (not set in /proc/config.gz)
  kernel_symbols
      on the target: sysctl -w kernel.kptr_restrict=1 (it is 2)

What the agent may not do
  the kernel is locked down (integrity)
`);
  });

  test("has nothing of the agent's that a terminal would obey", () => {
    const nasty = { ...parts, target: { ...parts.target, hostname: "\x1b[2Jboard" } };
    expect(formatInfo(nasty, styleFor({}, {}), 110)).toContain("\ufffd[2Jboard");
  });

  test("is coloured on a terminal, unless nobody wants it", () => {
    const coloured = formatInfo(parts, styleFor({ isTTY: true }, { TERM: "xterm" }), 110);
    expect(coloured).toContain("\x1b[32myes\x1b[0m");
    expect(coloured).toContain("\x1b[31mno \x1b[0m");
    for (const environment of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect(formatInfo(parts, styleFor({ isTTY: true }, environment), 110)).not.toContain("\x1b");
    }
    expect(formatInfo(parts, styleFor({}, {}), 110)).not.toContain("\x1b");
  });
});

describe("wrapText", () => {
  test("breaks between words, and no word", () => {
    expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapText("one unbreakable two", 5)).toEqual(["one", "unbreakable", "two"]);
    expect(wrapText("", 5)).toEqual([""]);
  });
});
