import { Bpf } from "../kernel/bpf.js";
import { tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { type Machine } from "../system/system.js";
import { parseCpuList } from "./cpu-list.js";
import {
  kernelArchitecture,
  type KernelIdentity,
  kernelVersionCode,
  readKernelIdentity,
} from "./kernel-identity.js";
import { readPageSize } from "./page-size.js";
import { type ProbePmu, readProbePmu } from "./pmu.js";
import { type Privileges, readPrivileges } from "./privileges.js";
import { findTracefs } from "./tracefs.js";

/** The kernel that the agent runs on, and what it has learnt of it: each fact is asked for once, when it is needed. */
export class Target {
  readonly kernel: Kernel;
  readonly #facts = new Map<string, unknown>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  get bpf(): Bpf {
    return this.#once("bpf", () => new Bpf(this.kernel));
  }

  get identity(): KernelIdentity {
    return this.#once("identity", () => readKernelIdentity(this.kernel));
  }

  /** LINUX_VERSION_CODE. */
  get versionCode(): number {
    return kernelVersionCode(this.identity);
  }

  get architecture(): Machine["architecture"] {
    return kernelArchitecture(this.identity.machine, this.kernel.machine).architecture;
  }

  /** Of the kernel, which is what the layout of its buffers follows. */
  get pointerSize(): 4 | 8 {
    return this.#once(
      "pointerSize",
      () => kernelArchitecture(this.identity.machine, this.kernel.machine).pointerSize,
    );
  }

  get pageSize(): number {
    return this.#once("pageSize", () => readPageSize(this.kernel));
  }

  /** CPUs that can ever be there: per-CPU values have one part for each. */
  get possibleCpus(): readonly number[] {
    return this.#once("possibleCpus", () => this.#cpus("possible"));
  }

  /** CPUs that are there now. */
  get onlineCpus(): readonly number[] {
    return this.#cpus("online");
  }

  /** Where tracefs is mounted; "" when there is none, which is asked again every time. */
  get tracefs(): string {
    const known = this.#facts.get("tracefs");
    if (typeof known === "string" && known !== "") return known;
    const found = findTracefs(this.kernel);
    this.#facts.set("tracefs", found);
    return found;
  }

  get privileges(): Privileges {
    return this.#once("privileges", () => readPrivileges(this.kernel));
  }

  get kprobePmu(): ProbePmu | undefined {
    return this.#once("kprobePmu", () => readProbePmu(this.kernel, "kprobe"));
  }

  get uprobePmu(): ProbePmu | undefined {
    return this.#once("uprobePmu", () => readProbePmu(this.kernel, "uprobe"));
  }

  #cpus(set: "possible" | "online"): readonly number[] {
    const text = tryReadTextFile(this.kernel, `/sys/devices/system/cpu/${set}`) ?? "0";
    return parseCpuList(text);
  }

  #once<T>(name: string, ask: () => T): T {
    if (this.#facts.has(name)) {
      // Every name has one `ask`, and what it gave stands here.
      return this.#facts.get(name) as T;
    }
    const fact = ask();
    this.#facts.set(name, fact);
    return fact;
  }
}
