/** A parameter of a raw tracepoint or of a kernel function, as a program that is attached to it sees it. */
export interface RawParameter {
  readonly name: string;
  /** As C would say it: "struct task_struct *", "long". */
  readonly typeName: string;
  readonly isPointer: boolean;
  readonly isSigned: boolean;
  readonly sizeBytes: number;
}
