import { type Target } from "../features/target.js";
import { type ProgramAttributes } from "../kernel/bpf.js";
import { formatErrno } from "../kernel/errno.js";
import { HandleError, VerifierError } from "../kernel/errors.js";
import { decodeCString } from "../kernel/text.js";
import { withLockedMemory } from "./memory-limit.js";
import { type MapPatch, type ModulePatch, patchDescriptors } from "./map-patches.js";
import { type Resource } from "./resource.js";

/**
 * How much the verifier may say, and where that is too little. It looks at the whole program each time, which takes seconds
 * on a slow board; of a log the kernel writes, and so the machine gives memory to, no more than is said.
 */
const logSizesBytes = [65_536, 16_777_216];

/** The verifier gives up with EAGAIN when a signal comes. */
const attempts = 5;

export interface ProgramRequest extends Omit<ProgramAttributes, "kernelVersion"> {
  readonly maps: readonly MapPatch[];
  readonly moduleReferences?: readonly ModulePatch[];
  /** What the verifier says is kept. */
  readonly wantsLog?: boolean | undefined;
}

export interface ProgramStatistics {
  /** Both only while the kernel measures them. */
  readonly runCount: bigint;
  readonly runTimeNanoseconds: bigint;
  readonly recursionMisses: bigint;
  readonly verifiedInstructions: number;
  readonly translatedSizeBytes: number;
}

/** A program in the kernel. */
export class LoadedProgram implements Resource {
  readonly name: string;
  /** BPF_TRACE_*, or 0. */
  readonly expectedAttachType: number;
  /** What the verifier said, where that was wanted. */
  readonly log: string | undefined;
  readonly #target: Target;
  #fd: number;

  private constructor(target: Target, request: ProgramRequest, fd: number, log?: string) {
    this.log = log;
    this.name = request.name;
    this.expectedAttachType = request.expectedAttachType;
    this.#target = target;
    this.#fd = fd;
  }

  /** Throws VerifierError with the whole log, SyscallError, RequestError. */
  static load(target: Target, request: ProgramRequest): LoadedProgram {
    const action = `load program "${request.name}"`;
    const { kernel, versionCode } = target;
    const instructions = patchDescriptors(kernel, action, request.instructions, {
      maps: request.maps,
      modules: request.moduleReferences ?? [],
      // The first place stands for the kernel itself.
      functionModuleCount: Math.max(0, (request.descriptors?.length ?? 0) - 1),
    });
    const attributes = { ...request, instructions, kernelVersion: versionCode };
    if (request.wantsLog === true) {
      const { fd, log } = loadWithLog(target, action, attributes);
      return new LoadedProgram(target, request, fd, log);
    }
    // Without a log first: writing it costs, and one that does not fit fails a program that is good.
    const fd = withLockedMemory(kernel, () => loadPatiently(target, attributes));
    if (fd >= 0) return new LoadedProgram(target, request, fd);
    return new LoadedProgram(target, request, explainRefusal(target, action, attributes, -fd));
  }

  /** Throws HandleError once it is closed. */
  get fd(): number {
    if (this.#fd < 0) throw new HandleError(`program "${this.name}" is closed`);
    return this.#fd;
  }

  /** Runs it so often (BPF_PROG_TEST_RUN) and gives what it returned last. Throws SyscallError. */
  run(times = 1): number {
    const { kernel, bpf } = this.#target;
    let last = 0;
    for (let time = 0; time < times; time++) {
      const { result, returnValue } = bpf.runProgram(this.fd);
      kernel.check(`run program "${this.name}"`, "bpf(BPF_PROG_TEST_RUN)", result);
      last = returnValue;
    }
    return last;
  }

  /** struct bpf_prog_info (include/uapi/linux/bpf.h); zeros for what an older kernel does not count. */
  statistics(): ProgramStatistics {
    const { kernel, bpf } = this.#target;
    const info = new Uint8Array(232);
    const action = `ask about program "${this.name}"`;
    kernel.check(action, "bpf(BPF_OBJ_GET_INFO_BY_FD)", bpf.objectInfo(this.fd, info));
    const view = kernel.view(info);
    return {
      runTimeNanoseconds: view.getBigUint64(192, kernel.isLittleEndian),
      runCount: view.getBigUint64(200, kernel.isLittleEndian),
      recursionMisses: view.getBigUint64(208, kernel.isLittleEndian),
      verifiedInstructions: view.getUint32(216, kernel.isLittleEndian),
      translatedSizeBytes: view.getUint32(20, kernel.isLittleEndian),
    };
  }

  release(): readonly number[] {
    const fd = this.#fd;
    this.#fd = -1;
    return [fd];
  }
}

function loadPatiently(
  target: Target,
  attributes: ProgramAttributes,
  log?: Uint8Array,
  level?: number,
): number {
  for (let attempt = 1; ; attempt++) {
    const result = target.bpf.loadProgram(attributes, log, level);
    if (attempt === attempts || !target.kernel.isErrno(result, "EAGAIN")) return result;
  }
}

/** Loads again with a log, and throws what it says; gives the descriptor if the kernel now takes the program. */
function explainRefusal(
  target: Target,
  action: string,
  attributes: ProgramAttributes,
  firstErrno: number,
): number {
  const { kernel } = target;
  const { result, log } = loadLogged(target, attributes, 1);
  if (result >= 0) return result;
  if (log === "") throw kernel.failure(action, "bpf(BPF_PROG_LOAD)", firstErrno);
  throw new VerifierError(action, firstErrno, formatErrno(kernel.errno, firstErrno), log);
}

/** Throws VerifierError, SyscallError. */
function loadWithLog(
  target: Target,
  action: string,
  attributes: ProgramAttributes,
): { readonly fd: number; readonly log: string } {
  const { kernel } = target;
  let log = "";
  const fd = withLockedMemory(kernel, () => {
    const logged = loadLogged(target, attributes, 2);
    log = logged.log;
    // A log that is too long is no reason to refuse a program.
    const isTooLong = kernel.isErrno(logged.result, "ENOSPC");
    return isTooLong ? loadPatiently(target, attributes) : logged.result;
  });
  return { fd: fd >= 0 ? fd : explainRefusal(target, action, attributes, -fd), log };
}

/** With a log as large as need be; `result`: a descriptor, or an errno below 0. */
function loadLogged(
  target: Target,
  attributes: ProgramAttributes,
  level: 1 | 2,
): { readonly result: number; readonly log: string } {
  let log = "";
  let result = 0;
  for (const size of logSizesBytes) {
    const buffer = new Uint8Array(size);
    result = loadPatiently(target, attributes, buffer, level);
    log = decodeCString(buffer);
    if (!target.kernel.isErrno(result, "ENOSPC")) break;
  }
  return { result, log };
}
