import { parseTracepointFormat } from "../language/tracepoint-format.js";
import { type Query } from "../language/answers.js";
import { globToRegExp } from "../language/glob.js";
import { queryKey } from "../language/answers.js";
import { type Session } from "../session/session.js";

/** A probe that can be attached, as a script names it. */
export interface ListedProbe {
  readonly name: string;
  /** Of a tracepoint, as "const char * filename"; empty unless asked for. */
  readonly fields: readonly string[];
}

/** Timers and software events need no list of the target's: each takes a number after it. */
const timers = [
  "interval:s:",
  "interval:ms:",
  "interval:us:",
  "interval:hz:",
  "profile:hz:",
  "profile:s:",
  "profile:ms:",
  "profile:us:",
];
const softwareEvents = [
  "alignment-faults",
  "bpf-output",
  "context-switches",
  "cpu-clock",
  "cpu-migrations",
  "dummy",
  "emulation-faults",
  "major-faults",
  "minor-faults",
  "page-faults",
  "task-clock",
];

/** Lists the probes of a target that match a pattern, sorted. User functions are listed for "uprobe:FILE:PATTERN" only. */
export async function listProbes(
  session: Session,
  pattern: string,
  options: { readonly withFields: boolean },
): Promise<readonly ListedProbe[]> {
  const user = /^(u|uprobe|ur|uretprobe):([^:]+):([^:]*)$/.exec(pattern);
  if (user?.[1] !== undefined && user[2] !== undefined) {
    return await listFunctions(session, user[1], user[2], user[3] === "" ? "*" : (user[3] ?? "*"));
  }
  const expression = globToRegExp(spellOut(pattern));
  const tracepoints = await tracepointsOf(session);
  const candidates = [
    ...["BEGIN", "END"],
    ...timers,
    ...softwareEvents.map((event) => `software:${event}:`),
    ...rawNames(tracepoints).map((name) => `rawtracepoint:${name}`),
    ...tracepoints.map((name) => `tracepoint:${name}`),
  ];
  const names = candidates.filter((name) => expression.test(name)).sort();
  return await Promise.all(
    names.map(async (name) => ({
      name,
      fields:
        options.withFields && name.startsWith("tracepoint:") ? await fieldsOf(session, name) : [],
    })),
  );
}

const shortNames: Readonly<Record<string, string>> = {
  t: "tracepoint",
  rt: "rawtracepoint",
  s: "software",
  i: "interval",
  p: "profile",
};

/** A pattern with the probe type in full; one without a colon matches anywhere. */
function spellOut(pattern: string): string {
  const colon = pattern.indexOf(":");
  if (colon < 0) return pattern.includes("*") ? pattern : `*${pattern}*`;
  const type = pattern.slice(0, colon);
  return `${shortNames[type] ?? type}${pattern.slice(colon)}`;
}

async function tracepointsOf(session: Session): Promise<readonly string[]> {
  const query: Query = { kind: "tracepoints", pattern: "*" };
  const answer = (await session.answer([query])).get(queryKey(query));
  return answer?.kind === "tracepoints" ? answer.names : [];
}

function rawNames(tracepoints: readonly string[]): readonly string[] {
  const names = tracepoints
    .filter((name) => !name.startsWith("syscalls:"))
    .map((name) => name.slice(name.indexOf(":") + 1));
  return [...new Set(names)];
}

async function fieldsOf(session: Session, probe: string): Promise<readonly string[]> {
  const [, category = "", name = ""] = probe.split(":");
  const query: Query = { kind: "tracepointFormat", category, name };
  const answer = (await session.answer([query])).get(queryKey(query));
  if (answer?.kind !== "tracepointFormat" || answer.text === undefined) return [];
  return parseTracepointFormat(answer.text).map((field) => `${field.typeName} ${field.name}`);
}

async function listFunctions(
  session: Session,
  type: string,
  file: string,
  pattern: string,
): Promise<readonly ListedProbe[]> {
  const query: Query = { kind: "userFunctions", file, pattern };
  const answer = (await session.answer([query])).get(queryKey(query));
  if (answer?.kind !== "userFunctions") return [];
  const kind = type.startsWith("ur") ? "uretprobe" : "uprobe";
  return answer.functions
    .map((one) => ({ name: `${kind}:${answer.path ?? file}:${one.name}`, fields: [] }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
