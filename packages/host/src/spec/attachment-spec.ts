/** What a program is attached to. `program` names a ProgramSpec of the same object. */
export type AttachmentSpec =
  | {
      readonly kind: "tracepoint";
      readonly program: string;
      readonly category: string;
      readonly name: string;
    }
  | { readonly kind: "rawTracepoint"; readonly program: string; readonly name: string }
  /** tp_btf, fentry, fexit: the program says to what. */
  | { readonly kind: "tracing"; readonly program: string }
  | {
      readonly kind: "kprobe";
      readonly program: string;
      /** "name", or "module:name". */
      readonly symbol: string;
      readonly offset: bigint;
      readonly isReturn: boolean;
      /** When the kernel refuses it, all others are attached all the same; else nothing is. */
      readonly ifRefused?: "warn" | "ignore";
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
    };

/** When a program that is attached to nothing is run once (BPF_PROG_TEST_RUN). */
export interface RunSpec {
  readonly program: string;
  /** "start": before anything is attached; "end": after everything is disabled. In the order of the list. */
  readonly when: "start" | "end";
}
