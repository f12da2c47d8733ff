/** What a program is attached to. `program` names a ProgramSpec of the same object. */
export type AttachmentSpec = AttachmentPlace & {
  /** What it is called in the script, where that is known. */
  readonly probe?: string;
  /** When the kernel refuses it, all others are attached all the same; else nothing is. */
  readonly ifRefused?: "warn" | "ignore";
  /** One of what a wildcard matches: when all are refused, that is an error. */
  readonly isOneOfMany?: true;
};

type AttachmentPlace =
  | {
      readonly kind: "tracepoint";
      readonly program: string;
      readonly category: string;
      readonly name: string;
    }
  | { readonly kind: "rawTracepoint"; readonly program: string; readonly name: string }
  /** tp_btf, fentry, fexit: the program says to what. */
  | { readonly kind: "tracing"; readonly program: string }
  /** What it goes through is read once all is attached; or, where it is pinned, whenever that file is read. */
  | { readonly kind: "iterator"; readonly program: string; readonly pinPath?: string }
  | {
      readonly kind: "kprobe";
      readonly program: string;
      /** "name", or "module:name". */
      readonly symbol: string;
      readonly offset: bigint;
      readonly isReturn: boolean;
    }
  /** Many functions of the kernel at once. */
  | {
      readonly kind: "kprobeMulti";
      readonly program: string;
      readonly symbols: readonly string[];
      readonly isReturn: boolean;
      /** By symbol, what the program learns of where it runs. */
      readonly cookies?: readonly bigint[];
    }
  /** Many places of one program or library at once. */
  | {
      readonly kind: "uprobeMulti";
      readonly program: string;
      readonly path: string;
      readonly places: readonly UserPlace[];
      readonly isReturn: boolean;
      readonly pid?: number;
    }
  | {
      readonly kind: "uprobe";
      readonly program: string;
      readonly path: string;
      /** In the file. */
      readonly offset: bigint;
      readonly isReturn: boolean;
      readonly pid?: number;
      readonly referenceCounterOffset?: bigint;
      /** What the program learns of where it runs (bpf_get_attach_cookie). */
      readonly cookie?: bigint;
    }
  | {
      readonly kind: "perfEvent";
      readonly program: string;
      /** perf_event_attr.type and .config (include/uapi/linux/perf_event.h). */
      readonly type: number;
      readonly config: bigint;
      readonly sampling: { readonly frequency: bigint } | { readonly period: bigint };
      readonly cpus: "each" | "one";
      readonly pid?: number;
      /** Memory that is watched: HW_BREAKPOINT_* (include/uapi/linux/hw_breakpoint.h) says for what. */
      readonly breakpoint?: {
        readonly type: number;
        readonly address: bigint;
        readonly sizeBytes: number;
      };
    };

/** In a file; the semaphore's place, and the cookie, where there are such. */
export interface UserPlace {
  readonly offset: bigint;
  readonly referenceCounterOffset?: bigint;
  readonly cookie?: bigint;
}

/** When a program that is attached to nothing is run once (BPF_PROG_TEST_RUN). */
export interface RunSpec {
  readonly program: string;
  /**
   * "start": before anything is attached; "end": after everything is disabled; "signal": whenever the host gets SIGUSR1; "test",
   * "bench": when the host sees fit. In the order of the list.
   */
  readonly when: "start" | "end" | "signal" | "test" | "bench";
  /** What a test is called. */
  readonly name?: string;
}
