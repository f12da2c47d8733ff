import { assertNever } from "../asm/internal-error.js";
import { type Answer, type Query, queryKey } from "../language/answers.js";
import { type AttachRule } from "../object/section-names.js";
import { type SelectedProgram } from "../object/select-programs.js";
import { type Session } from "../session/session.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { attachedName } from "../object/build-spec.js";
import { systemCallFunction } from "./kernel-knowledge.js";
import { type UsdtSpecs } from "./usdt-specs.js";

/** What became of finding out where a program runs. */
export type Finding =
  | { readonly kind: "found"; readonly attachments: readonly AttachmentSpec[] }
  /** The target has no such place. */
  | { readonly kind: "absent"; readonly reason: string }
  /** The object does not say. */
  | { readonly kind: "unsaid"; readonly reason: string };

/** Finds where programs run on one target. Throws RemoteError, TargetError. */
export class AttachmentFinder {
  readonly #session: Session;
  readonly #usdt: UsdtSpecs;
  /** A process that programs of user functions are limited to. */
  readonly #pid: number | undefined;

  constructor(session: Session, usdt: UsdtSpecs, pid: number | undefined) {
    this.#session = session;
    this.#usdt = usdt;
    this.#pid = pid;
  }

  async find(one: SelectedProgram): Promise<Finding> {
    const program = one.function.name;
    const { attach } = one.section;
    switch (attach.kind) {
      case "malformed":
        return { kind: "unsaid", reason: attach.reason };
      case "kprobe":
        return await this.#kprobe(program, attach);
      case "systemCall":
        return await this.#systemCall(program, attach);
      case "kprobeMulti":
        return await this.#kprobes(program, attach);
      case "uprobe":
        return await this.#uprobe(program, attach);
      case "uprobeMulti":
        return await this.#uprobes(program, attach);
      case "usdt":
        return await this.#usdtProbe(program, attach);
      case "tracepoint":
        return await this.#tracepoint(program, attach);
      case "rawTracepoint":
        return await this.#rawTracepoint(program, attach);
      case "tracing":
        return await this.#tracing(program, attach, one);
      case "perfEvent":
        if (attach.event === undefined) return unsaid(program, "profile:hz:99");
        return found([{ kind: "perfEvent", program, ...attach.event }]);
      default:
        return assertNever(attach);
    }
  }

  async #kprobe(program: string, { symbol, offset, isReturn }: Rule<"kprobe">): Promise<Finding> {
    if (symbol === undefined) return unsaid(program, "kprobe:FUNCTION");
    if (!this.#has("kprobe")) return absent("the target has no kprobes");
    const { functions } = await this.#ask<"kernelFunctions">({
      kind: "kernelFunctions",
      pattern: symbol,
    });
    if (functions.length === 0) {
      return absent(`the target's kernel has no function ${symbol} that can be probed`);
    }
    return found([{ kind: "kprobe", program, symbol, offset, isReturn }]);
  }

  async #systemCall(program: string, { name, isReturn }: Rule<"systemCall">): Promise<Finding> {
    if (name === undefined) return unsaid(program, "ksyscall:NAME");
    if (!this.#has("kprobe")) return absent("the target has no kprobes");
    const symbol = await systemCallFunction(this.#session, name);
    if (symbol === undefined) return absent(`the target's kernel has no system call ${name}`);
    return found([{ kind: "kprobe", program, symbol, offset: 0n, isReturn }]);
  }

  async #kprobes(program: string, { pattern, isReturn }: Rule<"kprobeMulti">): Promise<Finding> {
    if (pattern === undefined) return unsaid(program, "kprobe.multi/PATTERN");
    if (!this.#has("kprobe_multi")) {
      return absent("the target's kernel has no kprobe.multi (Linux 5.18 has)");
    }
    const { functions } = await this.#ask<"kernelFunctions">({ kind: "kernelFunctions", pattern });
    const symbols = functions.map(({ name }) => name);
    if (symbols.length === 0) {
      return absent(`the target's kernel has no function ${pattern} that can be probed`);
    }
    return found([{ kind: "kprobeMulti", program, symbols, isReturn }]);
  }

  async #uprobe(program: string, { place, isReturn }: Rule<"uprobe">): Promise<Finding> {
    if (place === undefined) return unsaid(program, "uprobe:PATH:FUNCTION");
    const { path: file, function: name, offset } = place;
    const { path, functions } = await this.#ask<"userFunctions">({
      kind: "userFunctions",
      file,
      // "name@VERSION" is its name with a version, which the symbol table has elsewhere.
      pattern: (name ?? "*").replace(/@.*$/, ""),
    });
    if (path === undefined) return absent(`the target has no file ${file}`);
    const where = { kind: "uprobe", program, path, isReturn, ...this.#limit() } as const;
    if (name === undefined) return found([{ ...where, offset }]);
    const [first] = functions;
    if (first === undefined) return absent(`${path} has no function ${name}`);
    return found([{ ...where, offset: first.fileOffset + offset }]);
  }

  async #uprobes(program: string, { place, isReturn }: Rule<"uprobeMulti">): Promise<Finding> {
    if (place === undefined) return unsaid(program, "uprobe.multi/PATH:PATTERN");
    if (!this.#has("uprobe_multi")) {
      return absent("the target's kernel has no uprobe.multi (Linux 6.6 has)");
    }
    const { path, functions } = await this.#ask<"userFunctions">({
      kind: "userFunctions",
      file: place.path,
      pattern: place.pattern,
    });
    if (path === undefined) return absent(`the target has no file ${place.path}`);
    const offsets = [...new Set(functions.map(({ fileOffset }) => fileOffset))];
    if (offsets.length === 0) return absent(`${path} has no function ${place.pattern}`);
    const places = offsets.map((offset) => ({ offset }));
    return found([{ kind: "uprobeMulti", program, path, places, isReturn, ...this.#limit() }]);
  }

  async #usdtProbe(program: string, { place }: Rule<"usdt">): Promise<Finding> {
    if (place === undefined) return unsaid(program, "usdt:PATH:PROVIDER:NAME");
    if (!this.#has("attach_cookie")) {
      return absent(
        "the target's kernel has no cookies of programs, which usdt needs (Linux 5.15)",
      );
    }
    const { provider, name } = place;
    const { path, probes } = await this.#ask<"usdtProbes">({
      kind: "usdtProbes",
      file: place.path,
      provider,
      name,
    });
    if (path === undefined) return absent(`the target has no file ${place.path}`);
    if (probes.length === 0) return absent(`${path} has no USDT probe ${provider}:${name}`);
    return found(
      probes.map(({ fileOffset, semaphoreOffset, args }): AttachmentSpec => ({
        kind: "uprobe",
        program,
        path,
        offset: fileOffset,
        isReturn: false,
        ...this.#limit(),
        ...(semaphoreOffset === undefined ? {} : { referenceCounterOffset: semaphoreOffset }),
        cookie: BigInt(this.#usdt.idOf(args, `${provider}:${name}`)),
      })),
    );
  }

  async #tracepoint(program: string, { event }: Rule<"tracepoint">): Promise<Finding> {
    if (event === undefined) return unsaid(program, "tracepoint:CATEGORY:NAME");
    const full = `${event.category}:${event.name}`;
    const { names } = await this.#ask<"tracepoints">({ kind: "tracepoints", pattern: full });
    if (names.length === 0) return absent(`the target's kernel has no tracepoint ${full}`);
    return found([{ kind: "tracepoint", program, ...event }]);
  }

  async #rawTracepoint(program: string, { name }: Rule<"rawTracepoint">): Promise<Finding> {
    if (name === undefined) return unsaid(program, "rawtracepoint:NAME");
    const { names } = await this.#ask<"rawTracepoints">({ kind: "rawTracepoints", pattern: name });
    // Some have no event: then the kernel's types are asked.
    if (names.length === 0 && !(await this.#hasType(`btf_trace_${name}`))) {
      return absent(`the target's kernel has no raw tracepoint ${name}`);
    }
    return found([{ kind: "rawTracepoint", program, name }]);
  }

  async #tracing(
    program: string,
    { name }: Rule<"tracing">,
    { section }: SelectedProgram,
  ): Promise<Finding> {
    if (name === undefined) return unsaid(program, "fentry:FUNCTION");
    const attachTo = attachedName(section.attachType, name);
    if (!this.#session.types.areKnown) {
      return absent(`the target has no types, by which ${name} is found (--btf or --vmlinux)`);
    }
    if (!(await this.#hasType(attachTo))) {
      return absent(`the target's kernel has no ${attachTo}`);
    }
    if (!this.#has("btf")) {
      return absent(
        `the target's kernel has no types of its own, by which it would find ${attachTo} itself`,
      );
    }
    return found([{ kind: "tracing", program }]);
  }

  /** A function, or a typedef for those of tracepoints. */
  async #hasType(name: string): Promise<boolean> {
    const kind = name.startsWith("btf_trace_") ? "typedef" : "func";
    const id = await this.#session.types.ask((types) => {
      types.expect([{ kind: "find", type: { name, kind } }]);
      return types.find(name, kind);
    });
    if (id !== undefined) return true;
    const modules = await this.#session.modules.all();
    return modules.some(({ types }) => types.candidates(name, [kind]).length > 0);
  }

  #limit(): { readonly pid?: number } {
    return this.#pid === undefined ? {} : { pid: this.#pid };
  }

  #has(feature: Session["target"]["features"][number]): boolean {
    return this.#session.target.features.includes(feature);
  }

  async #ask<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
  ): Promise<Extract<Answer, { readonly kind: Kind }>> {
    const answers = await this.#session.answer([query]);
    // A query is answered by an answer of its own kind.
    return answers.get(queryKey(query)) as Extract<Answer, { readonly kind: Kind }>;
  }
}

type Rule<Kind extends AttachRule["kind"]> = Extract<AttachRule, { readonly kind: Kind }>;

function found(attachments: readonly AttachmentSpec[]): Finding {
  return { kind: "found", attachments };
}

function absent(reason: string): Finding {
  return { kind: "absent", reason };
}

function unsaid(program: string, form: string): Finding {
  return {
    kind: "unsaid",
    reason: `its section does not say where it runs: --attach ${program}=${form}`,
  };
}
