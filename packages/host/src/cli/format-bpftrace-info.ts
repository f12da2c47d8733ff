import { versionCode } from "../text/version-code.js";
import { hostVersion } from "../session/version.js";
import { unwindableArchitectures } from "../language/unwind-registers.js";
import { type InfoParts } from "./format-info.js";

type Row = readonly [name: string, value: string | boolean];

/**
 * What a target can do, laid out as `bpftrace --info` does it: programs that decide by that find their words. Parts of
 * bpftrace's that there are none of here (LLVM, systemd) are "no"; `formatInfo` says more.
 */
export function formatBpftraceInfo({ target, inspection }: InfoParts): string {
  const { probes, features } = inspection;
  const has = (name: string): boolean => features[name]?.state === "supported";
  const attaches = (name: string): boolean => probes[name]?.state === "supported";
  const release = versionCode(target.release);
  const build: readonly Row[] = [
    ["version", `v${hostVersion}`],
    ["LLVM", false],
    ["bfd", false],
    ["libdw (DWARF support)", true],
    ["libsystemd (systemd notify support)", false],
    ["blazesym (advanced symbolization)", false],
    [
      "dwunwind (DWARF stack unwinding)",
      has("bpf_loop") && unwindableArchitectures.has(target.architecture),
    ],
  ];
  // The helpers' first releases: include/uapi/linux/bpf.h. d_path() is for programs at functions' entries alone.
  const helpers: readonly Row[] = [
    ["dpath", attaches("fentry") && release >= versionCode("5.10")],
    ["get_tai_ns", release >= versionCode("6.1")],
    ["get_func_ip", release >= versionCode("5.15")],
    ["lookup_percpu_elem", has("map_lookup_percpu_elem")],
    ["loop", has("bpf_loop")],
  ];
  const kernel: readonly Row[] = [
    ["Instruction limit", has("large_program") ? "1000000" : "4096"],
    ["btf", has("btf")],
    ["module btf", has("btf") && release >= versionCode("5.11")],
  ];
  const kinds: readonly Row[] = [
    ["kprobe_multi", attaches("kprobe.multi")],
    ["uprobe_multi", attaches("uprobe.multi")],
    ["kprobe_session", false],
    ["iter", attaches("iter")],
  ];
  return [
    section("System", [`OS: Linux ${target.release} ${target.version}`, `Arch: ${target.machine}`]),
    section("Build", build.map(word)),
    section("Kernel helpers", pairs(helpers)),
    section("Kernel features", pairs(kernel)),
    section("Probe types", pairs(kinds)),
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return `${[title, ...lines.map((line) => `  ${line}`.trimEnd())].join("\n")}\n`;
}

function word([name, value]: Row): string {
  return `${name}: ${typeof value === "string" ? value : value ? "yes" : "no"}`;
}

const columnWidth = 33;

/** Two to a line. */
function pairs(rows: readonly Row[]): readonly string[] {
  const words = rows.map(word);
  return words.flatMap((text, index) =>
    index % 2 === 0 ? [text.padEnd(columnWidth) + (words[index + 1] ?? "")] : [],
  );
}
