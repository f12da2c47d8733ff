import { parseTracepointFormat, type TracepointField } from "../language/tracepoint-format.js";
import { type Answer, type Query, queryKey } from "../language/answers.js";
import { eventNames } from "../language/check/probes/perf-probes.js";
import { asWritten } from "../language/check/probes/user-probes.js";
import { globToRegExp } from "../language/glob.js";
import { parse } from "../language/parse.js";
import { type Session } from "../session/session.js";

/** A probe that can be attached, as a script names it. */
export interface ListedProbe {
  readonly name: string;
  /** Of a tracepoint or function, as "const char * filename"; empty unless asked for. */
  readonly fields: readonly string[];
}

export interface ListOptions {
  readonly withFields: boolean;
  /** What programs are to be looked for in: those of this process. */
  readonly pid?: number;
}

/** A search: the type of its probes in full, or "" for any, and the rest between colons. */
interface Search {
  readonly type: string;
  readonly parts: readonly string[];
}

type Lister = (session: Session, search: Search, options: ListOptions) => Promise<ListedProbe[]>;

/** Units of time: each takes a number after it. */
const units = ["hz", "ms", "s", "us"];

/** What kernels can go through (bpf_iter_reg_target); which of them a target has its types tell. */
const iterators =
  "bpf_link bpf_map bpf_map_elem bpf_prog bpf_sk_storage_map cgroup dmabuf ipv6_route kmem_cache ksym netlink sockmap task task_file task_vma tcp udp unix".split(
    " ",
  );

const listers: Readonly<Record<string, Lister>> = {
  hardware: (_, search) => counted("hardware", search),
  interval: (_, search) => timed("interval", search),
  iter: listIterators,
  kprobe: listFunctions,
  kretprobe: listFunctions,
  fentry: listFunctions,
  fexit: listFunctions,
  profile: (_, search) => timed("profile", search),
  rawtracepoint: listRawTracepoints,
  self: (_, { parts }) => {
    const name = "signal:SIGUSR1";
    return Promise.resolve(globToRegExp(parts.join(":")).test(name) ? named([`self:${name}`]) : []);
  },
  software: (_, search) => counted("software", search),
  tracepoint: listTracepoints,
  // Programs have them: as kinds alone, as bpftrace lists them.
  test: (_, { parts }) => Promise.resolve(parts.join(":") === "*" ? named(["test::"]) : []),
  bench: (_, { parts }) => Promise.resolve(parts.join(":") === "*" ? named(["benchmark::"]) : []),
  uprobe: listUserFunctions,
  uretprobe: listUserFunctions,
  usdt: listUsdtProbes,
};

/** What a search without a type goes through, in the order of its result. */
const everywhere = ["hardware", "rawtracepoint", "software", "tracepoint"];

const shortNames: Readonly<Record<string, string>> = {
  ...{ t: "tracepoint", rt: "rawtracepoint", s: "software", h: "hardware", i: "interval" },
  ...{ p: "profile", k: "kprobe", kr: "kretprobe", f: "fentry", fr: "fexit", kfunc: "fentry" },
  ...{ kretfunc: "fexit", u: "uprobe", ur: "uretprobe", U: "usdt", it: "iter" },
};

/**
 * Lists the probes of a target that match patterns with commas between them, by kind and name. Functions of programs are
 * listed for "uprobe:FILE:PATTERN" only, those of the kernel for their kinds.
 */
export async function listProbes(
  session: Session,
  patterns: string,
  options: ListOptions,
): Promise<readonly ListedProbe[]> {
  const found: (readonly ListedProbe[])[] = [];
  for (const pattern of splitAtCommas(patterns)) {
    found.push(await listMatching(session, pattern.trim(), options));
  }
  // Not by push(...found): there may be more functions than a call takes arguments.
  return found.flat();
}

/** Not at those in parentheses or quotes: of a C++ function's parameters. */
function splitAtCommas(patterns: string): readonly string[] {
  return patterns.match(/(?:\([^)]*\)?|"[^"]*"?|[^,("])+/g) ?? [patterns];
}

async function listMatching(
  session: Session,
  pattern: string,
  options: ListOptions,
): Promise<readonly ListedProbe[]> {
  const [first = "", ...parts] = pattern.split(":");
  const type = shortNames[first] ?? first.toLowerCase();
  const lister = Object.hasOwn(listers, type) ? listers[type] : undefined;
  if (lister !== undefined) return await lister(session, { type, parts }, options);
  const found: (readonly ListedProbe[])[] = [];
  for (const each of everywhere) {
    // Names alone are those of tracepoints, unless a star stands for what is before them.
    if (parts.length === 0 && each !== "tracepoint" && !first.startsWith("*")) continue;
    if (parts.length > 0 && !globToRegExp(first).test(each)) continue;
    const search = { type: each, parts: parts.length === 0 ? [first] : parts };
    found.push((await listers[each]?.(session, search, options)) ?? []);
  }
  return found.flat();
}

/** Lists what the probes of a script match, in their order. */
export async function listScriptProbes(
  session: Session,
  source: string,
  options: ListOptions,
): Promise<readonly ListedProbe[]> {
  const points = parse(source).program?.blocks.flatMap(({ attachPoints }) => attachPoints) ?? [];
  const found: (readonly ListedProbe[])[] = [];
  for (const { text } of points) {
    // Of what happens every so often the time is left out, as where all are listed.
    const [, timer] = /^((?:interval|i|profile|p):(?:hz|ms|us|s)):/.exec(text) ?? [];
    if (/^(?:test|bench):/.test(text)) found.push(testProbe(text));
    else if (timer !== undefined) found.push(await listProbes(session, timer, options));
    else if (text.includes(":")) found.push(await listProbes(session, text, options));
  }
  return found.flat();
}

/** As bpftrace names them there. */
function testProbe(text: string): readonly ListedProbe[] {
  return [{ name: `${text.replace(/^bench:/, "benchmark:")}:`, fields: [] }];
}

function named(names: readonly string[]): ListedProbe[] {
  return [...new Set(names)].sort().map((name) => ({ name, fields: [] }));
}

/** What of a kind of events that the kernel or the processor counts matches. */
function counted(kind: "hardware" | "software", { parts }: Search): Promise<ListedProbe[]> {
  const expression = globToRegExp(parts[0] ?? "*");
  const names = eventNames(kind).filter((name) => expression.test(name));
  return Promise.resolve(named(names.map((name) => `${kind}:${name}:`)));
}

function timed(kind: string, { parts }: Search): Promise<ListedProbe[]> {
  // What is listed are kinds, without a number behind them.
  if ((parts[1] ?? "*") !== "*" && parts[1] !== "") return Promise.resolve([]);
  const expression = globToRegExp(parts[0] === "" ? "*" : (parts[0] ?? "*"));
  // "1s" is a time of any unit.
  const isTime = /^\d+[a-z]+$/.test(parts[0] ?? "");
  const matching = isTime ? ["us"] : units.filter((unit) => expression.test(unit));
  return Promise.resolve(named(matching.map((unit) => `${kind}:${unit}:`)));
}

async function listIterators(
  session: Session,
  { parts }: Search,
  { withFields }: ListOptions,
): Promise<ListedProbe[]> {
  const expression = globToRegExp(parts[0] ?? "*");
  const names = iterators.filter((name) => expression.test(name));
  const known = await Promise.all(
    names.map(async (name) => {
      const query = { kind: "kernelType", name: `struct bpf_iter__${name}` } as const;
      return (await ask<"kernelType">(session, query))?.type;
    }),
  );
  const there = names.filter((_, at) => known[at] !== undefined);
  return await Promise.all(
    there.map(async (name) => ({
      name: `iter:${name}`,
      fields: withFields ? await iteratorFields(session, name) : [],
    })),
  );
}

/** What `ctx` has of what is gone through: all that the kernel's function takes but its first, the iterator's own. */
async function iteratorFields(session: Session, name: string): Promise<readonly string[]> {
  const query = { kind: "kernelFunctionType", name: `bpf_iter_${name}` } as const;
  const parameters = (await ask<"kernelFunctionType">(session, query))?.type?.parameters ?? [];
  return parameters.slice(1).map((one) => `${one.typeName} ${one.name}`);
}

async function listTracepoints(
  session: Session,
  { parts }: Search,
  { withFields }: ListOptions,
): Promise<ListedProbe[]> {
  const pattern = parts.length === 1 ? `*:${parts[0] ?? ""}` : parts.join(":");
  const answer = await ask<"tracepoints">(session, { kind: "tracepoints", pattern });
  const names = [...(answer?.names ?? [])].sort();
  return await Promise.all(
    names.map(async (name) => ({
      name: `tracepoint:${name}`,
      fields: withFields ? await tracepointFields(session, name) : [],
    })),
  );
}

async function tracepointFields(session: Session, event: string): Promise<readonly string[]> {
  const [category = "", name = ""] = event.split(":");
  const query = { kind: "tracepointFormat", category, name } as const;
  const answer = await ask<"tracepointFormat">(session, query);
  return parseTracepointFormat(answer?.text ?? "")
    .filter((field) => !field.name.startsWith("common_"))
    .map(declare);
}

/** As C has it: "char name[16]". */
function declare({ typeName, name, shape, sizeBytes }: TracepointField): string {
  if (shape.kind === "string") return `${typeName} ${name}[${sizeBytes}]`;
  return shape.kind === "array" ? `${typeName} ${name}[${shape.length}]` : `${typeName} ${name}`;
}

async function listRawTracepoints(
  session: Session,
  { parts }: Search,
  { withFields }: ListOptions,
): Promise<ListedProbe[]> {
  const module = parts.length > 1 ? (parts[0] ?? "") : "vmlinux";
  if (!globToRegExp(module).test("vmlinux")) return [];
  const pattern = parts.at(-1) ?? "*";
  const answer = await ask<"rawTracepoints">(session, { kind: "rawTracepoints", pattern });
  return await Promise.all(
    (answer?.names ?? []).map(async (name) => {
      const query = { kind: "rawTracepointParameters", name } as const;
      const parameters = withFields
        ? (await ask<"rawTracepointParameters">(session, query))?.parameters
        : undefined;
      const fields = (parameters ?? []).map((one) => `${one.typeName} ${one.name}`);
      return { name: `rawtracepoint:vmlinux:${name}`, fields };
    }),
  );
}

async function listFunctions(
  session: Session,
  { type, parts }: Search,
  { withFields }: ListOptions,
): Promise<ListedProbe[]> {
  const pattern = parts.join(":").replace(/^vmlinux:/, "");
  const answer = await ask<"kernelFunctions">(session, { kind: "kernelFunctions", pattern });
  const isTyped = type.startsWith("f");
  const found = await Promise.all(
    (answer?.functions ?? []).map(async ({ name, module }): Promise<ListedProbe[]> => {
      const full = [type, module ?? (isTyped ? "vmlinux" : undefined), name];
      const shown = full.filter((part) => part !== undefined).join(":");
      if (!withFields || module !== undefined) return [{ name: shown, fields: [] }];
      const query = { kind: "kernelFunctionType", name } as const;
      const signature = (await ask<"kernelFunctionType">(session, query))?.type;
      const parameters = signature?.parameters ?? [];
      const fields = parameters.map((one) => `${one.typeName} ${one.name}`);
      const result = type === "fexit" ? signature?.result : undefined;
      const given = result === undefined ? [] : [`${result.typeName} retval`];
      return [{ name: shown, fields: [...fields, ...given] }];
    }),
  );
  return found.flat().sort(byName);
}

async function listUserFunctions(
  session: Session,
  { type, parts }: Search,
  options: ListOptions,
): Promise<ListedProbe[]> {
  const [file = "*", ...rest] = parts;
  const isDemangled = rest[0] === "cpp" && rest.length > 1;
  const written = rest.slice(isDemangled ? 1 : 0).join(":");
  const pattern = written === "" ? "*" : written;
  const listed: ListedProbe[] = [];
  for (const path of await filesOf(session, file, options)) {
    const answer = await ask<"userFunctions">(session, {
      ...{ kind: "userFunctions", file: path, pattern },
      ...(isDemangled ? { isDemangled } : {}),
    });
    const shown = answer?.foundAs ?? path;
    const prefix = isDemangled ? "cpp:" : "";
    for (const { name } of answer?.functions ?? []) {
      const fields =
        options.withFields && type === "uprobe" && answer?.path !== undefined
          ? await parametersOf(session, answer.path, name)
          : [];
      listed.push({ name: `${type}:${shown}:${prefix}${name}`, fields });
    }
  }
  return [...new Map(listed.map((one) => [one.name, one])).values()].sort(byName);
}

async function parametersOf(
  session: Session,
  file: string,
  name: string,
): Promise<readonly string[]> {
  const query = { kind: "userFunctionType", file, name } as const;
  const parameters = (await ask<"userFunctionType">(session, query))?.parameters;
  if (parameters === undefined || parameters === "missing") return [];
  return parameters.map((one) => `${one.typeName} ${one.name}`);
}

async function listUsdtProbes(
  session: Session,
  { parts }: Search,
  options: ListOptions,
): Promise<ListedProbe[]> {
  const [file = "*", first = "*", second] = parts;
  const [provider, name] = second === undefined ? ["*", first] : [first, second];
  const names: string[] = [];
  for (const path of await filesOf(session, file, options)) {
    const query = { kind: "usdtProbes", file: path, provider, name } as const;
    const answer = await ask<"usdtProbes">(session, query);
    const shown = answer?.foundAs ?? path;
    names.push(...(answer?.probes ?? []).map((one) => `usdt:${shown}:${one.provider}:${one.name}`));
  }
  return named(names);
}

/** A file as it was written, or those that match: of the process, when there is one. */
async function filesOf(
  session: Session,
  file: string,
  { pid }: ListOptions,
): Promise<readonly string[]> {
  if (!/[*?[]/.test(file)) return [file];
  const query = { kind: "userFiles", pattern: file, pid } as const;
  const paths = (await ask<"userFiles">(session, query))?.paths ?? [];
  return paths.map((path) => asWritten(file, path));
}

function byName(left: ListedProbe, right: ListedProbe): number {
  return left.name < right.name ? -1 : 1;
}

async function ask<Kind extends Query["kind"]>(
  session: Session,
  query: Extract<Query, { readonly kind: Kind }>,
): Promise<Extract<Answer, { readonly kind: Kind }> | undefined> {
  const answer = (await session.answer([query])).get(queryKey(query));
  // Query and Answer have the same kinds, which are compared.
  return answer?.kind === query.kind
    ? (answer as Extract<Answer, { readonly kind: Kind }>)
    : undefined;
}
