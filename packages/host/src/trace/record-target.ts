import { RemoteError } from "@sonde/protocol";
import { type TypeReader } from "../btf/type-reader.js";
import { type BtfTypeId } from "../btf/types.js";
import { queryKey, type Answer, type Answers, type Query } from "../language/answers.js";
import { QueryAnswerer } from "../session/answer-queries.js";
import { AskedTypes } from "../session/asked-types.js";
import { toTargetDescription } from "../session/describe-target.js";
import { type Session } from "../session/session.js";
import {
  commonCategories,
  commonFunctions,
  commonPrefixes,
  commonStructures,
} from "./common-needs.js";
import { compileProgram } from "./compile-program.js";
import { NotingFiles } from "./noting-files.js";
import { type TargetRecord, type TypesExchange } from "./target-record.js";

/** Files that are asked for at a time. */
const filesAtOnce = 32;

/**
 * Records what programs are compiled by for a target: every tracepoint's format, the types that are asked for most, and what
 * these programs need beside. A program that is wrong gives what it asked for until that was found. Throws RemoteError.
 */
export async function recordTarget(
  session: Session,
  programs: readonly string[],
): Promise<TargetRecord> {
  const { description, features } = session;
  const files = new NotingFiles(session.files);
  const exchanges: TypesExchange[] = [];
  const hasTypes = description.btfSizeBytes > 0 && session.hello.methods.includes("btf.types");
  const asked = new AskedTypes(session.peer, description.pointerSize, {
    tell: () => undefined,
    keep: (questions, answers) => exchanges.push({ questions, ...answers }),
  });
  // Types of the user's own file are as much at hand later as now.
  const types = hasTypes ? asked : session.types;
  const answerer = new QueryAnswerer(files, description, types, undefined);
  const events = await recordTracepoints(files, description.tracefs);
  if (hasTypes) await recordTypes(asked, events);
  await answerer.answer(
    commonPrefixes.map((prefix) => ({ kind: "kernelFunctions", pattern: `${prefix}*` })),
  );
  const answers: Record<string, Answer> = {};
  const target = toTargetDescription(description, features, hasTypes || session.types.areKnown);
  for (const program of programs) {
    await compileProgram(
      program,
      target,
      async (queries) => keepAnswers(queries, await answerer.answer(queries), answers),
      {},
    );
  }
  return {
    format: "sonde target description",
    version: 1,
    recorded: new Date().toISOString(),
    target: description,
    features,
    files: files.noted,
    ...(hasTypes ? { types: exchanges } : {}),
    answers,
  };
}

/** The formats of all tracepoints; gives their names, "category:event". */
async function recordTracepoints(files: NotingFiles, tracefs: string): Promise<readonly string[]> {
  if (tracefs === "") return [];
  const events = await files.lines(`${tracefs}/available_events`, "*");
  for (let at = 0; at < events.length; at += filesAtOnce) {
    await Promise.all(
      events.slice(at, at + filesAtOnce).map(async (event) => {
        const path = `${tracefs}/events/${event.replace(":", "/")}/format`;
        try {
          await files.text(path);
        } catch (error) {
          // Noted, too: a program that asks is told of it.
          if (!(error instanceof RemoteError)) throw error;
        }
      }),
    );
  }
  return events;
}

async function recordTypes(types: AskedTypes, events: readonly string[]): Promise<void> {
  const rawTracepoints = events
    .map((event) => event.split(":"))
    .filter(([category = ""]) => commonCategories.has(category))
    .map(([, name = ""]) => name);
  await Promise.all([
    ...rawTracepoints.map((name) => types.ask((reader) => reader.rawTracepointParameters(name))),
    ...commonFunctions.map((name) => types.ask((reader) => reader.functionParameters(name))),
    types.ask((reader) => {
      reader.expect(
        commonStructures.map((name) => ({ kind: "type", type: { kind: "struct", name } })),
      );
      const ids = commonStructures.map((name) => reader.find(name, "struct"));
      expectInnerTypes(
        reader,
        ids.filter((id) => id !== undefined),
      );
    }),
  ]);
}

/** Members without a name are looked through as if they were their outer type's. */
function expectInnerTypes(reader: TypeReader, outer: readonly BtfTypeId[]): void {
  const inner = outer.flatMap((id) => {
    const type = reader.type(reader.resolve(id));
    if (type.kind !== "struct" && type.kind !== "union") return [];
    return type.members.filter(({ name }) => name === "").map((member) => member.type);
  });
  if (inner.length === 0) return;
  reader.expect(inner.map((id) => ({ kind: "type", type: { id } })));
  expectInnerTypes(reader, inner);
}

const userKinds: ReadonlySet<Query["kind"]> = new Set([
  "userFiles",
  "userFunctions",
  "userAddress",
  "userInstruction",
  "userSymbol",
  "usdtProbes",
]);

/** Of programs and libraries only the answers are kept: their files are too large. */
function keepAnswers(
  queries: readonly Query[],
  answers: Answers,
  kept: Record<string, Answer>,
): Answers {
  for (const query of queries) {
    const key = queryKey(query);
    const answer = answers.get(key);
    if (userKinds.has(query.kind) && answer !== undefined) kept[key] = answer;
  }
  return answers;
}
