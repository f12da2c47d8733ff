import { type UnwindFile } from "../spec/unwind-table.js";
import { type MemberDescription, type TypeDescription } from "../btf/type-description.js";

/**
 * What a program must know of its target before it can be compiled. `requirements()` names queries, the session answers
 * them (from the agent, a cache, a file, a recording), and asks again until nothing is missing: the compiler itself
 * never reaches out.
 */
export type Query =
  /** Names "category:event" that match a glob pattern of the same form. */
  | { readonly kind: "tracepoints"; readonly pattern: string }
  /** The text of tracefs' events/CATEGORY/NAME/format. */
  | { readonly kind: "tracepointFormat"; readonly category: string; readonly name: string }
  /** Names of raw tracepoints (from BTF's btf_trace_*, or from tracefs) that match a glob pattern. */
  | { readonly kind: "rawTracepoints"; readonly pattern: string }
  /** Parameters of a raw tracepoint after its first, from BTF. */
  | { readonly kind: "rawTracepointParameters"; readonly name: string }
  /** Where a member lies in a kernel structure, from BTF. */
  | { readonly kind: "memberOffset"; readonly structure: string; readonly member: string }
  /** A type of the kernel's by its name in C: "struct file", "enum pid_type", "pid_t". */
  | { readonly kind: "kernelType"; readonly name: string }
  /** A member of a structure of the kernel's, which an earlier answer told of. */
  | { readonly kind: "kernelMember"; readonly structure: string; readonly name: string }
  /** All members of one. */
  | { readonly kind: "kernelMembers"; readonly structure: string }
  /** The enumeration of the kernel's that has this enumerator. */
  | { readonly kind: "kernelEnumerator"; readonly name: string }
  /** Functions of the kernel's that can be probed, whose names match a glob pattern; "module:pattern" for those of a module. */
  | { readonly kind: "kernelFunctions"; readonly pattern: string }
  /** What a function of the kernel's takes and gives, from BTF. */
  | { readonly kind: "kernelFunctionType"; readonly name: string }
  /** Where the kernel has a function or variable. */
  | { readonly kind: "kernelSymbol"; readonly name: string }
  /** The control group of a folder, by its path. */
  | { readonly kind: "controlGroup"; readonly path: string }
  /** ELF files whose paths match a glob pattern, or their names when it has no slash; with `pid` those that the process runs code of. */
  | { readonly kind: "userFiles"; readonly pattern: string; readonly pid: number | undefined }
  /** Functions of an ELF file whose names match a glob pattern. `file` is as in the script: a path, or a name as "libc" or "bash". */
  | {
      readonly kind: "userFunctions";
      readonly file: string;
      readonly pattern: string;
      /** The pattern is of names as C++ has them in its source, with or without their parameters. */
      readonly isDemangled?: true;
    }
  /** What a function of an ELF file takes, from its debug information. `file` is a full path. */
  | { readonly kind: "userFunctionType"; readonly file: string; readonly name: string }
  /** A type of an ELF file's, by its name in C, from its debug information; asked of members by its id. */
  | { readonly kind: "userType"; readonly file: string; readonly name: string }
  /** Where the code of a line of a source file begins; `column` 0: any. */
  | {
      readonly kind: "userLine";
      readonly file: string;
      readonly source: string;
      readonly line: number;
      readonly column: number;
    }
  /** How far behind an instruction of an ELF file, given by its place in the file in hexadecimal digits, a symbol's memory begins. */
  | {
      readonly kind: "userSymbol";
      readonly file: string;
      readonly name: string;
      readonly instruction: string;
    }
  /** How to unwind what these processes and programs run, and the libraries that they are linked with. */
  | {
      readonly kind: "unwindFiles";
      readonly pids: readonly number[];
      readonly programs: readonly string[];
    }
  /** Whether an instruction begins at a place in an ELF file. `file` is a full path, `place` in hexadecimal digits. */
  | { readonly kind: "userInstruction"; readonly file: string; readonly place: string }
  /** Where an ELF file has the instruction at an address, which is in hexadecimal digits. */
  | { readonly kind: "userAddress"; readonly file: string; readonly address: string }
  /** Places in an ELF file that its authors have marked, whose names match glob patterns. */
  | {
      readonly kind: "usdtProbes";
      readonly file: string;
      readonly provider: string;
      readonly name: string;
    };

export type Answer =
  | { readonly kind: "tracepoints"; readonly names: readonly string[] }
  /** `undefined`: there is no such tracepoint; `near` are names like it. */
  | {
      readonly kind: "tracepointFormat";
      readonly text: string | undefined;
      readonly near: readonly string[];
    }
  | {
      readonly kind: "rawTracepoints";
      readonly names: readonly string[];
      readonly near: readonly string[];
    }
  | {
      readonly kind: "rawTracepointParameters";
      readonly parameters: readonly RawParameter[] | undefined;
    }
  /** In bytes; `undefined`: the target has no BTF, or no such member. */
  | { readonly kind: "memberOffset"; readonly offset: number | undefined }
  /** `undefined`: there is no such type. */
  | { readonly kind: "kernelType"; readonly type: TypeDescription | undefined }
  | {
      readonly kind: "kernelMember";
      readonly member: MemberDescription | undefined;
      /** Names like it, when there is none. */
      readonly near: readonly string[];
    }
  | { readonly kind: "kernelMembers"; readonly members: readonly MemberDescription[] }
  | { readonly kind: "kernelEnumerator"; readonly type: TypeDescription | undefined }
  | {
      readonly kind: "kernelFunctions";
      /** Each once. */
      readonly functions: readonly KernelFunction[];
      readonly near: readonly string[];
    }
  | {
      readonly kind: "kernelFunctionType";
      /** `undefined`: the target has no BTF, or no such function in it. */
      readonly type: FunctionType | undefined;
      readonly near: readonly string[];
    }
  | {
      readonly kind: "userFunctionType";
      /** "missing": the file has no debug information; `undefined`: that has no such function. */
      readonly parameters: readonly UserParameter[] | "missing" | undefined;
    }
  | { readonly kind: "userType"; readonly type: TypeDescription | undefined }
  | {
      readonly kind: "userLine";
      readonly path: string | undefined;
      readonly foundAs?: string;
      readonly is32Bit?: true;
      /** What keeps it from being found. */
      readonly lacks?: "debug information" | "file" | "line";
      readonly address?: bigint;
      readonly fileOffset?: bigint;
      readonly functionName?: string;
    }
  /** `undefined`: there is no such symbol, or none that may be seen. */
  | { readonly kind: "kernelSymbol"; readonly address: bigint | undefined }
  /** Its number; `undefined`: there is no such folder. */
  | { readonly kind: "controlGroup"; readonly id: bigint | undefined }
  /** `distanceBytes` undefined: there is no such symbol. */
  | {
      readonly kind: "userSymbol";
      readonly distanceBytes: bigint | undefined;
      readonly sizeBytes: bigint;
    }
  /** `undefined`: it cannot be said: no function is known there. */
  | { readonly kind: "userInstruction"; readonly isStart: boolean | undefined }
  | { readonly kind: "unwindFiles"; readonly files: readonly UnwindFile[] }
  /** Full paths. */
  | { readonly kind: "userFiles"; readonly paths: readonly string[] }
  | {
      readonly kind: "userAddress";
      /** As in "userFunctions". */
      readonly path: string | undefined;
      readonly foundAs?: string;
      readonly is32Bit?: true;
      /** `undefined`: there is no code at the address. */
      readonly fileOffset: bigint | undefined;
      /** The function that it is in, where one is known. */
      readonly functionName?: string;
    }
  | {
      readonly kind: "usdtProbes";
      /** As in "userFunctions". */
      readonly path: string | undefined;
      readonly foundAs?: string;
      readonly is32Bit?: true;
      readonly probes: readonly UsdtPlace[];
      readonly near: readonly string[];
    }
  | {
      readonly kind: "userFunctions";
      /** The file's full path on the target; `undefined` when there is no such file. */
      readonly path: string | undefined;
      /** Of a library that was found by its name: its path before links were followed. */
      readonly foundAs?: string;
      /** On a target of 64 bits: it is a program or library of 32 bits. */
      readonly is32Bit?: true;
      readonly functions: readonly UserFunction[];
      /** Whether any function of the file, one of these or not, is Thumb code. */
      readonly hasThumbCode?: boolean;
      readonly near: readonly string[];
    };

export interface RawParameter {
  readonly name: string;
  /** As C would say it: "struct task_struct *", "long". */
  readonly typeName: string;
  readonly isPointer: boolean;
  readonly isSigned: boolean;
  readonly sizeBytes: number;
}

/** Of a function of a program's. */
export interface UserParameter {
  readonly name: string;
  /** As C would say it: "const char*". */
  readonly typeName: string;
  readonly type: TypeDescription;
}

export interface KernelFunction {
  readonly name: string;
  /** `undefined`: it is the kernel's own. */
  readonly module: string | undefined;
}

export interface FunctionType {
  readonly parameters: readonly RawParameter[];
  /** Without a name; `undefined`: it gives nothing. */
  readonly result: RawParameter | undefined;
}

export interface UserFunction {
  readonly name: string;
  /** As its source has it, of C++ and Rust. */
  readonly demangled?: string;
  /** Of its first instruction, in the file. */
  readonly fileOffset: bigint;
  readonly sizeBytes: bigint;
  /** Of 32-bit ARM, in its instruction set Thumb. */
  readonly isThumb?: boolean;
}

/** One of the places that a USDT probe was compiled to. */
export interface UsdtPlace {
  readonly provider: string;
  readonly name: string;
  /** Of the instruction, in the file. */
  readonly fileOffset: bigint;
  /** Of the u16 that counts who listens, in the file; undefined when there is none. */
  readonly semaphoreOffset: bigint | undefined;
  /** "-4@%edi 8@-16(%rbp)": where its arguments are. */
  readonly args: string;
}

/** A query's name in a store of answers. */
export function queryKey(query: Query): string {
  return JSON.stringify(query);
}

export type Answers = ReadonlyMap<string, Answer>;
