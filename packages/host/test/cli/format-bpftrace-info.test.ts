import { expect, test } from "@jest/globals";
import { formatBpftraceInfo } from "../../src/cli/format-bpftrace-info.js";
import { hostVersion } from "../../src/session/version.js";
import { board } from "./info-parts.js";

test("what a target can do, in bpftrace's words", () => {
  const { target, inspection } = board;
  const parts = {
    ...board,
    target: { ...target, release: "6.6.30-vendor" },
    inspection: {
      ...inspection,
      features: { ...inspection.features, bpf_loop: { state: "supported" as const } },
    },
  };
  expect(formatBpftraceInfo(parts)).toBe(`System
  OS: Linux 6.6.30-vendor #1 SMP
  Arch: armv7l

Build
  version: v${hostVersion}
  LLVM: no
  bfd: no
  libdw (DWARF support): yes
  libsystemd (systemd notify support): no
  blazesym (advanced symbolization): no
  dwunwind (DWARF stack unwinding): no

Kernel helpers
  dpath: no                        get_tai_ns: yes
  get_func_ip: yes                 lookup_percpu_elem: no
  loop: yes

Kernel features
  Instruction limit: 4096          btf: no
  module btf: no

Probe types
  kprobe_multi: no                 uprobe_multi: no
  kprobe_session: no               iter: no
`);
});
