import { unwindFile } from "../unwind-file.js";
import { type Answer, type Answers, queryKey, type Query } from "../../../src/language/answers.js";
import { check, type CheckOptions } from "../../../src/language/check/check.js";
import { type CheckedProgram } from "../../../src/language/check/checked-program.js";
import { type Diagnostic } from "../../../src/language/diagnostic.js";
import { parse } from "../../../src/language/parse.js";
import { requirements } from "../../../src/language/requirements.js";
import { type TargetDescription } from "../../../src/spec/target-description.js";
import { vfsRead } from "../kernel-functions.js";
import { readFormat } from "../formats/read-format.js";
import { answerTypes } from "./kernel-types.js";

/** A board for tests: a 64-bit little-endian machine unless told otherwise. */
export function describeTarget(part: Partial<TargetDescription> = {}): TargetDescription {
  return {
    release: "6.18.0",
    machine: "x86_64",
    architecture: "x64",
    pointerSize: 8,
    byteOrder: "little",
    pageSize: 4096,
    possibleCpuCount: 4,
    onlineCpuCount: 4,
    buildId: "",
    bootId: "",
    hasBtf: true,
    realtimeMinusBoottime: 0n,
    realtimeMinusMonotonic: 0n,
    features: [
      "ktime_get_boot_ns",
      "bounded_loops",
      "bpf_loop",
      "for_each_map_elem",
      "map_lookup_percpu_elem",
    ],
    ...part,
  };
}

const tracepoints = [
  "raw_syscalls:sys_enter",
  "sched:sched_process_exec",
  "sched:sched_switch",
  "sched:sched_wakeup",
  "syscalls:sys_enter_execve",
  "syscalls:sys_enter_openat",
  "syscalls:sys_exit_openat",
];

const functions = [
  { name: "free", fileOffset: 0x2000n, sizeBytes: 0x80n },
  { name: "malloc", fileOffset: 0x1000n, sizeBytes: 0x100n },
  { name: "malloc_usable_size", fileOffset: 0x1800n, sizeBytes: 0x10n },
  { name: "A::b", fileOffset: 0x3000n, sizeBytes: 0x10n },
];

const kernelFunctions = [
  { name: "vfs_read", module: undefined },
  { name: "vfs_write", module: undefined },
  { name: "vfs_made_by_compiler.isra.0", module: undefined },
  { name: "nft_do_chain", module: "nf_tables" },
];

const usdtPlaces = [
  {
    provider: "libc",
    name: "setjmp",
    fileOffset: 0x5000n,
    semaphoreOffset: undefined,
    args: "8@%rdi -4@%esi 8@%rax",
  },
  {
    provider: "libc",
    name: "memory_heap_new",
    fileOffset: 0x6000n,
    semaphoreOffset: 0x9000n,
    args: "8@-16(%rbp) -4@$-5 4@8(%rax,%rbx,4) 8f@%xmm0 8@foo(%rip)",
  },
];

function matches(pattern: string, name: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`).test(name);
}

/** What the board answers. */
export function answer(query: Query): Answer {
  switch (query.kind) {
    case "tracepoints":
      return {
        kind: query.kind,
        names: tracepoints.filter((name) => matches(query.pattern, name)),
      };
    case "tracepointFormat": {
      const text = readFormat(`${query.category}:${query.name}`);
      return {
        kind: query.kind,
        text,
        near: text === undefined ? ["syscalls:sys_enter_openat"] : [],
      };
    }
    case "rawTracepoints": {
      const names = ["sched_switch", "sys_enter"].filter((name) => matches(query.pattern, name));
      return { kind: query.kind, names, near: names.length === 0 ? ["sched_switch"] : [] };
    }
    case "rawTracepointParameters":
      return {
        kind: query.kind,
        parameters:
          query.name === "sched_switch"
            ? [
                {
                  name: "preempt",
                  typeName: "bool",
                  isPointer: false,
                  isSigned: false,
                  sizeBytes: 1,
                },
                {
                  name: "prev",
                  typeName: "struct task_struct *",
                  isPointer: true,
                  isSigned: false,
                  sizeBytes: 8,
                },
                { name: "prio", typeName: "int", isPointer: false, isSigned: true, sizeBytes: 4 },
              ]
            : undefined,
      };
    case "memberOffset":
      return { kind: query.kind, offset: query.member === "tgid" ? 0x4dc : 0x4e8 };
    case "kernelFunctions": {
      const [, module, pattern = ""] = /^(?:(.*):)?(.*)$/.exec(query.pattern) ?? [];
      const found = kernelFunctions.filter(
        (one) => matches(pattern, one.name) && (module === undefined || one.module === module),
      );
      return { kind: query.kind, functions: found, near: found.length === 0 ? ["vfs_read"] : [] };
    }
    case "kernelFunctionType": {
      const isKnown = ["vfs_read", "vfs_write"].includes(query.name);
      const release = { parameters: [], result: undefined };
      const type = isKnown ? vfsRead : query.name === "vfs_release" ? release : undefined;
      return { kind: query.kind, type, near: type === undefined ? ["vfs_read"] : [] };
    }
    case "userFiles": {
      const all = ["/usr/lib/libc.so.6", "/usr/lib/libm.so.6", "/usr/lib/libgone"];
      const paths = all.filter((path) => matches(query.pattern, path));
      return { kind: query.kind, paths };
    }
    case "userAddress": {
      const path = query.file === "libgone" ? undefined : `/usr/lib/${query.file}.so.6`;
      const address = BigInt(`0x${query.address}`);
      const fileOffset = address < 0x400000n ? undefined : address - 0x400000n;
      return { kind: query.kind, path, fileOffset };
    }
    case "usdtProbes": {
      const probes = usdtPlaces.filter(
        ({ provider, name }) => matches(query.provider, provider) && matches(query.name, name),
      );
      const path = query.file === "libgone" ? undefined : `/usr/lib/${query.file}.so.6`;
      return { kind: query.kind, path, probes, near: probes.length === 0 ? ["libc:setjmp"] : [] };
    }
    case "userFunctions": {
      if (query.file === "libgone") {
        return { kind: query.kind, path: undefined, functions: [], near: [] };
      }
      const hasThumbCode = query.file === "libthumb";
      const found = functions
        .filter(({ name }) => matches(query.pattern, name))
        .map((one) => ({ ...one, isThumb: hasThumbCode && one.name !== "free" }));
      const path = query.file.includes("/") ? query.file : `/usr/lib/${query.file}.so.6`;
      return {
        kind: query.kind,
        path,
        functions: found,
        hasThumbCode,
        ...(query.file === "lib32" ? { is32Bit: true } : {}),
        near: found.length === 0 ? ["malloc"] : [],
      };
    }
    case "userFunctionType":
      return { kind: query.kind, parameters: "missing" };
    case "userType":
      return { kind: query.kind, type: undefined };
    case "userInstruction":
      return {
        kind: query.kind,
        isStart: query.place === "1007" ? undefined : query.place !== "1002",
      };
    case "userSymbol":
      return {
        kind: query.kind,
        distanceBytes: query.name === "missing" ? undefined : 0x100n,
        sizeBytes: 4n,
      };
    case "userLine":
      return { kind: query.kind, path: undefined };
    case "unwindFiles":
      return { kind: query.kind, files: [unwindFile] };
    case "controlGroup":
      return { kind: query.kind, id: query.path === "/sys/fs/cgroup/a" ? 7n : undefined };
    case "kernelSymbol":
      return {
        kind: query.kind,
        address: query.name === "jiffies" ? 0xffff_ffff_8100_0000n : undefined,
      };
    default:
      return answerTypes(query);
  }
}

/** Asks until nothing is missing; gives each round's queries too. */
export function answerAll(
  source: string,
  positional: readonly string[] = [],
  target: TargetDescription = describeTarget(),
): { answers: Answers; rounds: Query[][] } {
  const answers = new Map<string, Answer>();
  const rounds: Query[][] = [];
  const { program } = parse(source);
  if (program === undefined) return { answers, rounds };
  for (;;) {
    const missing = requirements(program, target, answers, { positional });
    if (missing.length === 0) return { answers, rounds };
    rounds.push([...missing]);
    for (const query of missing) answers.set(queryKey(query), answer(query));
  }
}

export interface SourceOptions extends CheckOptions {
  readonly target?: Partial<TargetDescription>;
}

/** Parses and checks a source against the board. */
export function checkSource(
  source: string,
  options: SourceOptions = {},
): { program: CheckedProgram | undefined; diagnostics: readonly Diagnostic[] } {
  const parsed = parse(source);
  if (parsed.program === undefined) {
    return { program: undefined, diagnostics: parsed.diagnostics };
  }
  const target = describeTarget(options.target);
  const { answers } = answerAll(source, options.positional, target);
  return check(parsed.program, target, answers, options);
}

/** The checked program of a source without faults. */
export function requireProgram(source: string, options: SourceOptions = {}): CheckedProgram {
  const { program, diagnostics } = checkSource(source, options);
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return program;
}

/** Faults as `text of the span: code: message`. */
export function faultsOf(source: string, options: SourceOptions = {}): string[] {
  return checkSource(source, options).diagnostics.map((diagnostic) => {
    const { span, code, message, severity, hints } = diagnostic;
    const text = source.slice(span.start, span.end);
    // What is lacking is said behind a sentence that is always the same.
    const detail = code === "no-match" && hints[0] !== undefined ? ` ${hints[0]}` : "";
    return `${text}: ${severity === "warning" ? "warning " : ""}${code}: ${message}${detail}`;
  });
}
