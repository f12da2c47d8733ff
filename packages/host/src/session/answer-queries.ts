import { RemoteError, type TargetDescription as WireDescription } from "@sonde/protocol";
import {
  btfMemberNames,
  describeBtfMember,
  describeBtfMembers,
  describeBtfType,
  describeNamedBtfType,
} from "../btf/type-description.js";
import { type TypeReader } from "../btf/type-reader.js";
import { ElfReader, type ElfFunction } from "../elf/elf-reader.js";
import { parseLdSoCache, resolveLibrary } from "../elf/ld-so-cache.js";
import { queryKey, type Answer, type Answers, type Query } from "../language/answers.js";
import { type AttachTarget } from "./build-plan.js";
import { globToRegExp } from "./glob.js";
import { nearNames } from "../language/near-names.js";
import { TargetError } from "./errors.js";
import { KernelFunctions } from "./kernel-functions.js";
import { type KernelTypes } from "./kernel-types.js";
import { librariesInFolders } from "./library-folders.js";
import { readFunctions } from "./kept-functions.js";
import { type RemoteFiles } from "./remote-files.js";

/** Answers the compiler's queries from the target's files, and remembers what it has read. */
export class QueryAnswerer {
  readonly #files: RemoteFiles;
  readonly #description: WireDescription;
  readonly #answers = new Map<string, Answer>();
  readonly #functions = new Map<string, Promise<readonly ElfFunction[]>>();
  readonly #types: KernelTypes;
  readonly #kernel: KernelFunctions;

  constructor(files: RemoteFiles, description: WireDescription, types: KernelTypes) {
    this.#files = files;
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
  async attachBtfIds(names: readonly string[]): Promise<(attachTo: string) => AttachTarget> {
    const targets = names.map((name) => {
      return { name, kind: name.startsWith("btf_trace_") ? "typedef" : "func" } as const;
    });
    const ids = await this.#types.ask((types) => {
      types.expect(targets.map((type) => ({ kind: "find", type })));
      return new Map(targets.map(({ name, kind }) => [name, types.find(name, kind)]));
    });
    return (attachTo) => {
      const id = ids?.get(attachTo);
      if (id === undefined) throw new TargetError(`the target's BTF has no ${attachTo}`);
      return { id, module: undefined };
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
        const type = await this.#types.ask((types) => describeNamedBtfType(types, query.name));
        return { kind: "kernelType", type };
      }
      case "kernelMember":
        return await this.#kernelMember(query.structure, query.name);
      case "kernelMembers": {
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
      case "userFunctions":
        return await this.#userFunctions(query.file, query.pattern);
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
    return /^\w{3}/.test(name) ? await this.#kernel.near(name) : [];
  }

  async #userFunctions(file: string, pattern: string): Promise<Answer> {
    const path = file.startsWith("/")
      ? await this.#files.resolve(file)
      : await this.#findLibrary(file);
    if (path === undefined)
      return { kind: "userFunctions", path: undefined, functions: [], near: [] };
    let reading = this.#functions.get(path);
    if (reading === undefined) {
      reading = ElfReader.open((offset, length) => this.#files.readPart(path, offset, length)).then(
        readFunctions,
      );
      this.#functions.set(path, reading);
    }
    const functions = await reading;
    const expression = globToRegExp(pattern);
    const matching = functions.filter((one) => expression.test(one.name));
    const near =
      matching.length > 0
        ? []
        : nearNames(
            pattern,
            functions.map((one) => one.name),
          );
    const hasThumbCode = functions.some((one) => one.isThumb);
    return { kind: "userFunctions", path, functions: matching, hasThumbCode, near };
  }

  async #findLibrary(name: string): Promise<string | undefined> {
    const cache = await absentWhenMissing(this.#files.readKept("/etc/ld.so.cache"));
    const libraries =
      cache === undefined ? await librariesInFolders(this.#files) : parseLdSoCache(cache);
    const path = resolveLibrary(libraries, name);
    return path === undefined ? undefined : await this.#files.resolve(path);
  }

  #tracefs(): string {
    if (this.#description.tracefs !== "") return this.#description.tracefs;
    throw new TargetError("the target has no tracefs, which names its tracepoints", {
      hint: "on the target: mount -t tracefs tracefs /sys/kernel/tracing (the kernel needs CONFIG_TRACING)",
    });
  }
}

function memberOffset(types: TypeReader, name: string, member: string): number | undefined {
  const structure = { kind: "struct", name } as const;
  types.expect([{ kind: "member", type: structure, name: member }]);
  const id = types.find(name, "struct");
  const found = id === undefined ? undefined : types.findMember(id, member);
  return found === undefined ? undefined : found.bitOffset / 8;
}

async function absentWhenMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RemoteError && error.code === "missing") return undefined;
    throw error;
  }
}
