import { type AttachType, type ProgramType } from "../spec/program-spec.js";

/** What the name of a program's section says of it, as libbpf reads it. */
export interface SectionProgram {
  readonly type: ProgramType;
  readonly attachType: AttachType | undefined;
  /** May sleep: it reads memory that is not there yet. */
  readonly isSleepable: boolean;
  readonly attach: AttachRule;
}

/** What a program is to be attached to. Names are undefined where the section leaves them to whoever loads the object. */
export type AttachRule =
  | {
      readonly kind: "kprobe";
      readonly isReturn: boolean;
      readonly symbol: string | undefined;
      readonly offset: bigint;
    }
  /** A system call by its name, whatever the architecture calls its function. */
  | { readonly kind: "systemCall"; readonly isReturn: boolean; readonly name: string | undefined }
  | {
      readonly kind: "kprobeMulti";
      readonly isReturn: boolean;
      readonly isSession: boolean;
      readonly pattern: string | undefined;
    }
  | { readonly kind: "uprobe"; readonly isReturn: boolean; readonly place: UserPlace | undefined }
  | {
      readonly kind: "uprobeMulti";
      readonly isReturn: boolean;
      readonly isSession: boolean;
      readonly place: { readonly path: string; readonly pattern: string } | undefined;
    }
  | {
      readonly kind: "usdt";
      readonly place:
        { readonly path: string; readonly provider: string; readonly name: string } | undefined;
    }
  | {
      readonly kind: "tracepoint";
      readonly event: { readonly category: string; readonly name: string } | undefined;
    }
  | { readonly kind: "rawTracepoint"; readonly name: string | undefined }
  /** By the kernel's types: tp_btf, fentry, fexit, fmod_ret, lsm and iter. */
  | { readonly kind: "tracing"; readonly name: string | undefined }
  /** No section says which; whoever loads the object has to. */
  | { readonly kind: "perfEvent"; readonly event?: SampledEvent }
  /** The section's name does not say it as it should: whoever loads the object has to. */
  | { readonly kind: "malformed"; readonly reason: string };

/** What is sampled, and how often. */
export interface SampledEvent {
  /** perf_event_attr.type and .config (include/uapi/linux/perf_event.h). */
  readonly type: number;
  readonly config: bigint;
  readonly sampling: { readonly frequency: bigint } | { readonly period: bigint };
  readonly cpus: "each" | "one";
}

/** A function of a program or library, by its name or by where it is in the file. */
export interface UserPlace {
  readonly path: string;
  readonly function: string | undefined;
  readonly offset: bigint;
}

/** Why a section cannot be traced with. */
export interface UnusableSection {
  readonly type: undefined;
  readonly reason: string;
}

type Reading = SectionProgram | UnusableSection;

/** Reads the rest of a section's name, after the "/"; undefined when it has none. */
type Reader = (rest: string | undefined) => Reading;

/** Reads a section's name, less a "?" before it. */
export function readSectionName(section: string): Reading {
  const slash = section.indexOf("/");
  const prefix = slash < 0 ? section : section.slice(0, slash);
  const rest = slash < 0 ? undefined : section.slice(slash + 1);
  const read = readers.get(prefix);
  if (read !== undefined) return read(rest);
  const foreign = foreignPrefixes.find((one) => prefix === one || prefix.startsWith(`${one}.`));
  if (foreign !== undefined) {
    return { type: undefined, reason: `programs of section "${section}" do not trace` };
  }
  return { type: undefined, reason: `section "${section}" is of no known kind` };
}

const kprobe = (isReturn: boolean): Reader => {
  return (rest) => {
    const place = rest === undefined ? undefined : splitOffset(rest);
    if (rest !== undefined && place === undefined)
      return malformed("kprobe", rest, "FUNCTION or FUNCTION+OFFSET");
    const [symbol, offset] = [place?.name, place?.offset ?? 0n];
    if (isReturn && offset !== 0n)
      return malformed("kprobe", rest ?? "", "FUNCTION: it returns as a whole");
    return program("kprobe", { kind: "kprobe", isReturn, symbol, offset });
  };
};

const systemCall = (isReturn: boolean): Reader => {
  return (rest) => program("kprobe", { kind: "systemCall", isReturn, name: named(rest) });
};

const kprobeMulti = (how: { readonly isReturn?: true; readonly isSession?: true }): Reader => {
  const { isReturn = false, isSession = false } = how;
  return (rest) => ({
    ...program("kprobe", { kind: "kprobeMulti", isReturn, isSession, pattern: named(rest) }),
    attachType: isSession ? "trace_kprobe_session" : "trace_kprobe_multi",
  });
};

const uprobe = (isReturn: boolean, isSleepable: boolean): Reader => {
  return (rest) => {
    const place = rest === undefined ? undefined : splitUserPlace(rest);
    if (rest !== undefined && place === undefined) {
      return { ...malformed("kprobe", rest, "PATH:FUNCTION or PATH:OFFSET"), isSleepable };
    }
    return { ...program("kprobe", { kind: "uprobe", isReturn, place }), isSleepable };
  };
};

const uprobeMulti = (how: {
  readonly isReturn?: true;
  readonly isSession?: true;
  readonly isSleepable?: true;
}): Reader => {
  const { isReturn = false, isSession = false, isSleepable = false } = how;
  return (rest) => {
    const parts = rest === undefined ? undefined : /^(.+):([^:]+)$/.exec(rest);
    const place =
      parts?.[1] === undefined ? undefined : { path: parts[1], pattern: parts[2] ?? "" };
    const read =
      parts === null
        ? malformed("kprobe", rest ?? "", "PATH:PATTERN")
        : program("kprobe", { kind: "uprobeMulti", isReturn, isSession, place });
    const attachType = isSession ? "trace_uprobe_session" : "trace_uprobe_multi";
    return { ...read, attachType, isSleepable };
  };
};

const usdt = (isSleepable: boolean): Reader => {
  return (rest) => {
    const parts = rest === undefined ? undefined : /^(.+):([^:]+):([^:]+)$/.exec(rest);
    if (parts === null) {
      return { ...malformed("kprobe", rest ?? "", "PATH:PROVIDER:NAME"), isSleepable };
    }
    const place = parts && {
      path: parts[1] ?? "",
      provider: parts[2] ?? "",
      name: parts[3] ?? "",
    };
    return { ...program("kprobe", { kind: "usdt", place }), isSleepable };
  };
};

const tracepoint: Reader = (rest) => {
  const parts = rest === undefined ? undefined : /^([^/]+)\/([^/]+)$/.exec(rest);
  if (parts === null) return malformed("tracepoint", rest ?? "", "CATEGORY/NAME");
  const event = parts && { category: parts[1] ?? "", name: parts[2] ?? "" };
  return program("tracepoint", { kind: "tracepoint", event });
};

const rawTracepoint = (type: "raw_tracepoint" | "raw_tracepoint_writable"): Reader => {
  return (rest) => program(type, { kind: "rawTracepoint", name: named(rest) });
};

const tracing = (
  type: "tracing" | "lsm",
  attachType: AttachType,
  how: { readonly isSleepable?: true } = {},
): Reader => {
  return (rest) => ({
    type,
    attachType,
    isSleepable: how.isSleepable === true,
    attach: { kind: "tracing", name: named(rest) },
  });
};

const perfEvent: Reader = (rest) =>
  rest === undefined
    ? program("perf_event", { kind: "perfEvent" })
    : malformed("perf_event", rest, "nothing: what it samples is said when it is attached");

/** By what stands before the "/" (tools/lib/bpf/libbpf.c: section_defs). */
const readers: ReadonlyMap<string, Reader> = new Map([
  ["kprobe", kprobe(false)],
  ["kretprobe", kprobe(true)],
  ["ksyscall", systemCall(false)],
  ["kretsyscall", systemCall(true)],
  ["kprobe.multi", kprobeMulti({})],
  ["kretprobe.multi", kprobeMulti({ isReturn: true })],
  ["kprobe.session", kprobeMulti({ isSession: true })],
  ["uprobe", uprobe(false, false)],
  ["uprobe.s", uprobe(false, true)],
  ["uretprobe", uprobe(true, false)],
  ["uretprobe.s", uprobe(true, true)],
  ["uprobe.multi", uprobeMulti({})],
  ["uprobe.multi.s", uprobeMulti({ isSleepable: true })],
  ["uretprobe.multi", uprobeMulti({ isReturn: true })],
  ["uretprobe.multi.s", uprobeMulti({ isReturn: true, isSleepable: true })],
  ["uprobe.session", uprobeMulti({ isSession: true })],
  ["uprobe.session.s", uprobeMulti({ isSession: true, isSleepable: true })],
  ["usdt", usdt(false)],
  ["usdt.s", usdt(true)],
  ["tracepoint", tracepoint],
  ["tp", tracepoint],
  ["raw_tracepoint", rawTracepoint("raw_tracepoint")],
  ["raw_tp", rawTracepoint("raw_tracepoint")],
  ["raw_tracepoint.w", rawTracepoint("raw_tracepoint_writable")],
  ["raw_tp.w", rawTracepoint("raw_tracepoint_writable")],
  ["tp_btf", tracing("tracing", "trace_raw_tp")],
  ["fentry", tracing("tracing", "trace_fentry")],
  ["fentry.s", tracing("tracing", "trace_fentry", { isSleepable: true })],
  ["fexit", tracing("tracing", "trace_fexit")],
  ["fexit.s", tracing("tracing", "trace_fexit", { isSleepable: true })],
  ["fmod_ret", tracing("tracing", "modify_return")],
  ["fmod_ret.s", tracing("tracing", "modify_return", { isSleepable: true })],
  ["lsm", tracing("lsm", "lsm_mac")],
  ["lsm.s", tracing("lsm", "lsm_mac", { isSleepable: true })],
  ["iter", tracing("tracing", "trace_iter")],
  ["iter.s", tracing("tracing", "trace_iter", { isSleepable: true })],
  ["perf_event", perfEvent],
]);

/** What libbpf knows beside these. */
const foreignPrefixes = [
  "socket",
  "sk_reuseport",
  "tc",
  "tcx",
  "classifier",
  "action",
  "netkit",
  "freplace",
  "lsm_cgroup",
  "syscall",
  "xdp",
  "lwt_in",
  "lwt_out",
  "lwt_xmit",
  "lwt_seg6local",
  "sockops",
  "sk_skb",
  "sk_msg",
  "lirc_mode2",
  "flow_dissector",
  "cgroup_skb",
  "cgroup",
  "struct_ops",
  "sk_lookup",
  "netfilter",
];

function program(type: ProgramType, attach: AttachRule): SectionProgram {
  return { type, attachType: undefined, isSleepable: false, attach };
}

function malformed(type: ProgramType, rest: string, expected: string): SectionProgram {
  return program(type, {
    kind: "malformed",
    reason: `"${rest}" in the section's name is not ${expected}`,
  });
}

function named(rest: string | undefined): string | undefined {
  return rest === "" ? undefined : rest;
}

/** "name+0x10"; undefined for what is no such thing. */
function splitOffset(text: string): { readonly name: string; readonly offset: bigint } | undefined {
  const parts = /^([\w.$]+)(?:\+(0x[\da-fA-F]{1,16}|\d{1,19}))?$/.exec(text);
  if (parts === null) return undefined;
  return { name: parts[1] ?? "", offset: BigInt(parts[2] ?? 0) };
}

/** "/path:function+offset" or "/path:0x1234". */
function splitUserPlace(text: string): UserPlace | undefined {
  const colon = text.lastIndexOf(":");
  const [path, place] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon <= 0) return undefined;
  if (/^(0x[\da-fA-F]{1,16}|\d{1,19})$/.test(place)) {
    return { path, function: undefined, offset: BigInt(place) };
  }
  // Names of functions may have a version: "readline@VERSION".
  const parts = /^([^+]+)(?:\+(0x[\da-fA-F]{1,16}|\d{1,19}))?$/.exec(place);
  if (parts === null) return undefined;
  return { path, function: parts[1], offset: BigInt(parts[2] ?? 0) };
}
