import { RemoteError, type TargetDescription as WireDescription } from "@sonde/protocol";
import {
  btfMemberNames,
  describeBtfMember,
  describeBtfMembers,
  describeBtfType,
  describeNamedBtfType,
  type MemberDescription,
} from "../btf/type-description.js";
import { demangle } from "../demangle/demangle.js";
import { type DebugInfo } from "../dwarf/debug-info.js";
import { type TypeReader } from "../btf/type-reader.js";
import {
  queryKey,
  type Answer,
  type Answers,
  type Query,
  type UserFunction,
} from "../language/answers.js";
import { type AttachTarget } from "./build-plan.js";
import { globToRegExp } from "../language/glob.js";
import { nearNames } from "../language/near-names.js";
import { TargetError } from "./errors.js";
import { KernelFunctions } from "./kernel-functions.js";
import { type KernelModules } from "./module-types.js";
import { type TargetFiles, type TargetTypes } from "./target-files.js";
import { UnwindFiles } from "./unwind-files.js";
import { UserFiles } from "./user-files.js";
import { UserPrograms } from "./user-programs.js";

/** Answers the compiler's queries from the target's files, and remembers what it has read. */
export class QueryAnswerer {
  readonly #files: TargetFiles;
  readonly #description: Pick<WireDescription, "tracefs" | "pointerSize">;
  readonly #answers: Map<string, Answer>;
  readonly #userFiles: UserFiles;
  readonly #programs: UserPrograms;
  readonly #unwindFiles: UnwindFiles;
  readonly #types: TargetTypes;
  readonly #kernel: KernelFunctions;
  readonly #addressOf: (name: string) => Promise<bigint | undefined>;

  /**
   * `workingFolder`: what relative paths start from, when the target is this machine. `known`: answers that need not be
   * looked for. `addressOf`: of a symbol of the kernel's.
   */
  constructor(
    files: TargetFiles,
    description: Pick<WireDescription, "tracefs" | "pointerSize">,
    types: TargetTypes,
    workingFolder: string | undefined,
    known: Answers = new Map(),
    addressOf: (name: string) => Promise<bigint | undefined> = () => Promise.resolve(undefined),
  ) {
    this.#addressOf = addressOf;
    this.#answers = new Map(known);
    this.#files = files;
    this.#userFiles = new UserFiles(files, workingFolder);
    this.#programs = new UserPrograms(files);
    this.#unwindFiles = new UnwindFiles(files, this.#userFiles, (path) =>
      this.#programs.open(path),
    );
    this.#description = description;
    this.#types = types;
    this.#kernel = new KernelFunctions(files, description.tracefs);
  }

  /** Adds answers to these queries to those given before, and gives them all. */
  async answer(queries: readonly Query[]): Promise<Answers> {
    await Promise.all(
      queries.map(async (query) => {
        const key = queryKey(query);
        if (!this.#answers.has(key)) this.#answers.set(key, await this.#answerOne(query));
      }),
    );
    return this.#answers;
  }

  /**
   * BTF ids for programs that attach by BTF: "btf_trace_NAME" is a typedef, anything else a function. Throws TargetError
   * for one that is not there.
   */
  async attachBtfIds(
    names: readonly string[],
    modules: Pick<KernelModules, "all">,
  ): Promise<(attachTo: string) => AttachTarget> {
    const targets = names.map((name) => {
      return { name, kind: name.startsWith("btf_trace_") ? "typedef" : "func" } as const;
    });
    const ids = await this.#types.ask((types) => {
      types.expect(targets.map((type) => ({ kind: "find", type })));
      return new Map(targets.map(({ name, kind }) => [name, types.find(name, kind)]));
    });
    const found = new Map<string, AttachTarget>();
    for (const { name, kind } of targets) {
      const id = ids?.get(name);
      const target =
        id === undefined ? await findInModules(name, kind, modules) : { id, module: undefined };
      if (target !== undefined) found.set(name, target);
    }
    return (attachTo) => {
      const target = found.get(attachTo);
      if (target === undefined) throw new TargetError(`the target's BTF has no ${attachTo}`);
      return target;
    };
  }

  async #answerOne(query: Query): Promise<Answer> {
    switch (query.kind) {
      case "tracepoints":
        return { kind: "tracepoints", names: await this.#tracepoints(query.pattern) };
      case "tracepointFormat":
        return await this.#tracepointFormat(query.category, query.name);
      case "rawTracepoints":
        return await this.#rawTracepoints(query.pattern);
      case "rawTracepointParameters": {
        const parameters = await this.#types.ask((types) =>
          types.rawTracepointParameters(query.name),
        );
        return { kind: "rawTracepointParameters", parameters };
      }
      case "memberOffset": {
        const offset = await this.#types.ask((types) =>
          memberOffset(types, query.structure, query.member),
        );
        return { kind: "memberOffset", offset };
      }
      case "kernelType": {
        const own = await this.#userStructure(query.name);
        if (own !== undefined) {
          return { kind: "kernelType", type: own.info?.structure(own.offset) };
        }
        const type = await this.#types.ask((types) => describeNamedBtfType(types, query.name));
        return { kind: "kernelType", type };
      }
      case "kernelMember":
        return await this.#kernelMember(query.structure, query.name);
      case "kernelMembers": {
        const own = await this.#userStructure(query.structure);
        if (own !== undefined) {
          return { kind: "kernelMembers", members: own.info?.members(own.offset) ?? [] };
        }
        const members = await this.#types.ask((types) =>
          describeBtfMembers(types, query.structure),
        );
        return { kind: "kernelMembers", members: members ?? [] };
      }
      case "kernelEnumerator": {
        const type = await this.#types.ask((types) => {
          const id = types.findEnumerator(query.name);
          return id === undefined ? undefined : describeBtfType(types, id);
        });
        return { kind: "kernelEnumerator", type };
      }
      case "kernelFunctions":
        return await this.#kernelFunctions(query.pattern);
      case "kernelFunctionType": {
        const type = await this.#types.ask((types) => types.functionType(query.name));
        const near = type === undefined ? await this.#functionsLike(query.name) : [];
        return { kind: "kernelFunctionType", type, near };
      }
      case "kernelSymbol":
        return { kind: "kernelSymbol", address: await this.#addressOf(query.name) };
      case "controlGroup":
        return { kind: "controlGroup", id: (await this.#files.status(query.path))?.inode };
      case "userFunctions":
        return await this.#userFunctions(query);
      case "userFiles": {
        const paths = await this.#userFiles.match(query.pattern, query.pid);
        return { kind: "userFiles", paths };
      }
      case "userFunctionType": {
        const info = await this.#programs.debugInfo.info(query.file);
        const parameters = info === undefined ? "missing" : info.function(query.name)?.parameters;
        return { kind: "userFunctionType", parameters };
      }
      case "userType": {
        const info = await this.#programs.debugInfo.info(query.file);
        return { kind: "userType", type: info?.type(query.name) };
      }
      case "userLine":
        return await this.#userLine(query);
      case "userAddress":
        return await this.#userAddress(query.file, query.address);
      case "userInstruction": {
        const place = BigInt(`0x${query.place}`);
        const isStart = await this.#programs.isInstructionStart(query.file, place);
        return { kind: "userInstruction", isStart };
      }
      case "unwindFiles": {
        const files = await this.#unwindFiles.of(query.pids, query.programs);
        return { kind: "unwindFiles", files };
      }
      case "userSymbol":
        return {
          kind: "userSymbol",
          ...(await this.#programs.symbolFrom(
            query.file,
            query.name,
            BigInt(`0x${query.instruction}`),
          )),
        };
      case "usdtProbes":
        return await this.#usdtProbes(query.file, query.provider, query.name);
    }
  }

  /** "category:event" of every tracepoint that matches. */
  async #tracepoints(pattern: string): Promise<readonly string[]> {
    return await this.#files.lines(`${this.#tracefs()}/available_events`, pattern);
  }

  async #tracepointFormat(category: string, name: string): Promise<Answer> {
    const text = await absentWhenMissing(
      this.#files.text(`${this.#tracefs()}/events/${category}/${name}/format`),
    );
    const near =
      text === undefined ? nearNames(`${category}:${name}`, await this.#tracepoints("*")) : [];
    return { kind: "tracepointFormat", text, near };
  }

  /** The kernel lists its raw tracepoints nowhere: nearly all have an event of their name, those of syscalls have not. */
  async #rawTracepoints(pattern: string): Promise<Answer> {
    const names = await this.#rawTracepointsLike(pattern);
    const near = names.length > 0 ? [] : nearNames(pattern, await this.#rawTracepointsLike("*"));
    return { kind: "rawTracepoints", names, near };
  }

  async #rawTracepointsLike(pattern: string): Promise<readonly string[]> {
    const names = (await this.#tracepoints(`*:${pattern}`))
      .filter((event) => !event.startsWith("syscalls:"))
      .map((event) => event.slice(event.indexOf(":") + 1));
    return [...new Set(names)].sort();
  }

  async #kernelMember(structure: string, name: string): Promise<Answer> {
    const own = await this.#userStructure(structure);
    if (own !== undefined) {
      const members = membersWithin(own, (id) => own.info?.members(id) ?? []);
      const found = members.find((one) => one.name === name);
      const near = nearNames(
        name,
        members.map((one) => one.name),
      );
      return { kind: "kernelMember", member: found, near: found === undefined ? near : [] };
    }
    const member = await this.#types.ask((types) => describeBtfMember(types, structure, name));
    const names =
      member === undefined
        ? await this.#types.ask((types) => btfMemberNames(types, structure))
        : undefined;
    return { kind: "kernelMember", member, near: nearNames(name, names ?? []) };
  }

  async #kernelFunctions(pattern: string): Promise<Answer> {
    const functions = await this.#kernel.find(pattern);
    const near = functions.length > 0 ? [] : await this.#functionsLike(pattern);
    return { kind: "kernelFunctions", functions, near };
  }

  async #functionsLike(name: string): Promise<readonly string[]> {
    if (!/^\w{3}/.test(name)) return [];
    try {
      return await this.#kernel.near(name);
    } catch (error) {
      // A target that was recorded does not tell of all: then there is no hint.
      if (error instanceof TargetError) return [];
      throw error;
    }
  }

  async #userFunctions({
    file,
    pattern,
    isDemangled,
  }: Extract<Query, { readonly kind: "userFunctions" }>): Promise<Answer> {
    const path = await this.#programFile(file);
    if (path === undefined)
      return { kind: "userFunctions", path: undefined, functions: [], near: [] };
    const functions = await this.#programs.functions(path);
    const expression = globToRegExp(pattern);
    const matching =
      isDemangled === true
        ? functions.map(withSourceName).filter(({ demangled = "" }) => {
            const bare = demangled.slice(0, Math.max(0, demangled.indexOf("(")));
            return expression.test(demangled) || expression.test(bare);
          })
        : functions.filter(({ name }) => expression.test(name)).map(withSourceName);
    const names = functions.map((one) => one.name);
    const near = matching.length > 0 ? [] : nearNames(pattern, names);
    const hasThumbCode = functions.some((one) => one.isThumb);
    const found = await this.#found(file, path);
    return { kind: "userFunctions", path, ...found, functions: matching, hasThumbCode, near };
  }

  /** The path of a program or library; undefined when there is none, or it is another kind of file. */
  async #programFile(name: string): Promise<string | undefined> {
    const path = await this.#userFiles.resolve(name);
    return path !== undefined && (await this.#programs.isProgram(path)) ? path : undefined;
  }

  async #userAddress(file: string, address: string): Promise<Answer> {
    const path = await this.#programFile(file);
    if (path === undefined) return { kind: "userAddress", path, fileOffset: undefined };
    const fileOffset = await this.#programs.fileOffset(path, BigInt(`0x${address}`));
    const functionName =
      fileOffset === undefined ? undefined : await this.#functionAt(path, fileOffset);
    const found = await this.#found(file, path);
    return {
      ...{ kind: "userAddress", path, ...found, fileOffset },
      ...(functionName === undefined ? {} : { functionName }),
    };
  }

  async #userLine({
    file,
    ...wanted
  }: Extract<Query, { readonly kind: "userLine" }>): Promise<Answer> {
    const path = await this.#programFile(file);
    if (path === undefined) return { kind: "userLine", path };
    const found = await this.#programs.debugInfo.line(path, wanted);
    const shown = { kind: "userLine", path, ...(await this.#found(file, path)) } as const;
    if ("lacks" in found) return { ...shown, ...found };
    const { address } = found;
    const fileOffset = await this.#programs.fileOffset(path, address);
    if (fileOffset === undefined) return { ...shown, lacks: "line" };
    const functionName = await this.#functionAt(path, fileOffset);
    const named = functionName === undefined ? {} : { functionName };
    return { ...shown, address, fileOffset, ...named };
  }

  /** A structure of a program's, by an id of its debug information: FILE#OFFSET. */
  async #userStructure(
    id: string,
  ): Promise<{ readonly info: DebugInfo | undefined; readonly offset: number } | undefined> {
    const [, path, offset] = /^(\/.*)#(\d+)$/.exec(id) ?? [];
    if (path === undefined) return undefined;
    return { info: await this.#programs.debugInfo.info(path), offset: Number(offset) };
  }

  async #functionAt(path: string, fileOffset: bigint): Promise<string | undefined> {
    return (await this.#programs.functionAt(path, fileOffset))?.name;
  }

  /** Of a file that an ELF file was found for: the library that it is, and whether its code is that of the processor's 32 bits. */
  async #found(
    file: string,
    path: string,
  ): Promise<{ readonly foundAs?: string; readonly is32Bit?: true }> {
    const library = await this.#userFiles.library(file);
    const is32Bit =
      this.#description.pointerSize === 8 && (await this.#programs.wordBits(path)) === 32;
    return {
      ...(library === undefined ? {} : { foundAs: library }),
      ...(is32Bit ? { is32Bit } : {}),
    };
  }

  async #usdtProbes(file: string, provider: string, name: string): Promise<Answer> {
    const path = await this.#programFile(file);
    if (path === undefined) return { kind: "usdtProbes", path, probes: [], near: [] };
    const all = await this.#programs.usdtProbes(path);
    const [providers, names] = [globToRegExp(provider), globToRegExp(name)];
    const probes = all.filter((one) => providers.test(one.provider) && names.test(one.name));
    const fullNames = all.map((one) => `${one.provider}:${one.name}`);
    const near = probes.length > 0 ? [] : nearNames(`${provider}:${name}`, fullNames);
    return { kind: "usdtProbes", path, ...(await this.#found(file, path)), probes, near };
  }

  #tracefs(): string {
    if (this.#description.tracefs !== "") return this.#description.tracefs;
    throw new TargetError("the target has no tracefs, which names its tracepoints", {
      hint: "on the target: mount -t tracefs tracefs /sys/kernel/tracing (the kernel needs CONFIG_TRACING)",
    });
  }
}

async function findInModules(
  name: string,
  kind: "typedef" | "func",
  modules: Pick<KernelModules, "all">,
): Promise<AttachTarget | undefined> {
  for (const module of await modules.all()) {
    const id = module.types.candidates(name, [kind])[0];
    if (id !== undefined) return { id, module: module.name };
  }
  return undefined;
}

function memberOffset(types: TypeReader, name: string, member: string): number | undefined {
  const structure = { kind: "struct", name } as const;
  types.expect([{ kind: "member", type: structure, name: member }]);
  const id = types.find(name, "struct");
  const found = id === undefined ? undefined : types.findMember(id, member);
  return found === undefined ? undefined : found.bitOffset / 8;
}

function withSourceName(one: UserFunction): UserFunction {
  const demangled = one.name.startsWith("_") ? demangle(one.name) : undefined;
  return demangled === undefined ? one : { ...one, demangled };
}

/** Of a structure of a program's, also those of its members without a name. */
function membersWithin(
  { offset }: { readonly offset: number },
  membersOf: (offset: number) => readonly MemberDescription[],
): readonly MemberDescription[] {
  return membersOf(offset).flatMap((member) => {
    if (member.name !== "" || member.type.kind !== "structure") return [member];
    const inner = Number(/#(\d+)$/.exec(member.type.id)?.[1]);
    return membersWithin({ offset: inner }, membersOf).map((one) => ({
      ...one,
      bitOffset: member.bitOffset + one.bitOffset,
    }));
  });
}

async function absentWhenMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RemoteError && error.code === "missing") return undefined;
    throw error;
  }
}
