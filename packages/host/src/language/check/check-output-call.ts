import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { formatPlace, type Span } from "../syntax/span.js";
import {
  requireArguments,
  requireConstant,
  requireInteger,
  requireText,
  requireUnsafe,
} from "./call-arguments.js";
import { checkDebugf } from "./check-debugf.js";
import { checkFormat, requireValues } from "./check-format.js";
import { requireWholeMap } from "./check-map-call.js";
import { requireAssigned } from "./check-place.js";
import {
  type CheckedExpression,
  type CheckedStatement,
  type StringList,
} from "./checked-program.js";
import { type ProbeState } from "./probe-state.js";
import { isPinned } from "./probes/iterator-probes.js";
import { layOutRecord } from "./record-table.js";
import { describeKind, describeType, uint32, type Type } from "./type.js";

type Call = ExpressionOf<"call">;

/** printf, errorf, warnf, system, cat, debugf, print, emit, exit, time and join; `undefined` for others too. */
export function checkOutputCall(probe: ProbeState, call: Call): CheckedStatement | undefined {
  switch (call.name) {
    case "printf":
      if (isPinned(probe.probe)) return checkDebugf(probe, call, "iterator");
      return checkFormatted(probe, call, call.name);
    case "errorf":
    case "warnf":
    case "system":
    case "cat":
      return checkFormatted(probe, call, call.name);
    case "debugf":
      return checkDebugf(probe, call);
    case "print":
      return checkPrint(probe, call);
    case "emit":
      return checkEmit(probe, call);
    case "exit":
      return checkExit(probe, call);
    case "time":
      return checkTime(probe, call);
    case "join":
      return checkJoin(probe, call);
    default:
      return undefined;
  }
}

/** Calls with a format and what goes into it. */
function checkFormatted(
  probe: ProbeState,
  call: Call,
  name: "printf" | "errorf" | "warnf" | "system" | "cat",
): CheckedStatement | undefined {
  if (name === "system" && !requireUnsafe(probe, call)) return undefined;
  const checked = checkFormat(probe, call, probe.recordRoom());
  if (checked === undefined) return undefined;
  const { pieces: format, values } = checked;
  const fields = layOutRecord(values.map(({ type }) => type));
  const { span } = call;
  const record = probe.program.records.add(
    name === "errorf" || name === "warnf"
      ? { kind: "message", ...messagePlace(probe, name, span), format, ...fields }
      : { kind: name, format, ...fields },
  );
  return { kind: "record", record, values, list: undefined, isControl: false, span };
}

/** What a message stands behind, as a diagnostic about the call would: "stdin:1:9-62: ERROR: ". */
function messagePlace(
  probe: ProbeState,
  name: "errorf" | "warnf",
  span: Span,
): { readonly level: "ERROR" | "WARNING"; readonly place: string } {
  const { source, sourceName } = probe.program;
  const level = name === "errorf" ? "ERROR" : "WARNING";
  return { level, place: `${sourceName}:${formatPlace(source, span)}` };
}

/** Values for a record. */
function checkValues(
  probe: ProbeState,
  expressions: readonly Expression[],
): CheckedExpression[] | undefined {
  return requireValues(probe, expressions, probe.recordRoom());
}

/** `print(value)`, `print(@m[, top[, divisor]])`. */
function checkPrint(probe: ProbeState, call: Call): CheckedStatement | undefined {
  const [argument] = call.args;
  if (!requireArguments(probe, call, 1, 3) || argument === undefined) return undefined;
  if (argument.kind === "map" && argument.keys.length === 0) return printMap(probe, call);
  if (call.args.length > 1) {
    const message = `Non-map print() only takes 1 argument, ${call.args.length} found`;
    return probe.error("argument-count", call.span, message);
  }
  const values = checkValues(probe, [argument]);
  if (values === undefined) return undefined;
  const type = values[0]?.type;
  if (type?.kind === "aggregation") {
    const message = `Map type ${describeType(type)} cannot print the value of individual keys. You must print the whole map.`;
    return probe.error("argument-type", call.span, message);
  }
  const fields = layOutRecord(values.map(({ type }) => type));
  const record = probe.program.records.add({ kind: "printValue", ...fields });
  return { kind: "record", record, values, list: undefined, isControl: false, span: call.span };
}

function printMap(probe: ProbeState, call: Call): CheckedStatement | undefined {
  const map = requireWholeMap(probe, call);
  // As in bpftrace, -1 is more than there are.
  const range = { from: -0x8000_0000n, to: 0xffff_ffffn };
  const [top, divisor] = [1, 2].map((index) => {
    const value = call.args.length > index ? requireConstant(probe, call, index, range) : 0n;
    return value === undefined ? undefined : BigInt.asUintN(32, value);
  });
  if (map === undefined || top === undefined || divisor === undefined) return undefined;
  const state = requireAssigned(probe, map.name, map.nameSpan);
  if (state === undefined) return undefined;
  const contents = state.contents?.contents;
  const isStats = contents?.kind === "aggregation" && contents.aggregation.kind === "stats";
  if (isStats && call.args.length > 1) {
    const message = "print()'s top and div arguments are ignored when used on stats() maps.";
    probe.program.diagnostics.warn("unneeded", call.span, message);
  }
  const record = probe.program.records.add({
    kind: "printMap",
    map: probe.program.maps.idOf(map.name),
    top: Number(top),
    divisor: Number(divisor),
  });
  return { kind: "control", record, span: call.span };
}

/** `emit("name", "field", value, …)`: a typed record for scripts and tools. */
function checkEmit(probe: ProbeState, call: Call): CheckedStatement | undefined {
  if (!requireArguments(probe, call, 1, Infinity)) return undefined;
  if (call.args.length % 2 === 0) {
    const message = "emit() takes the event's name, then names and values in turn";
    return probe.error("argument-count", call.span, message, [
      'As emit("open", "path", str(args.filename), "pid", pid).',
    ]);
  }
  const name = requireText(probe, call, 0);
  const pairs = call.args.slice(1);
  const fieldNames: string[] = [];
  for (const [index, argument] of pairs.entries()) {
    if (index % 2 !== 0) continue;
    const field = requireText(probe, call, index + 1);
    if (field === undefined) return undefined;
    if (fieldNames.includes(field)) {
      const message = `emit(): the field ${JSON.stringify(field)} is given twice`;
      return probe.error("bad-value", argument.span, message);
    }
    fieldNames.push(field);
  }
  const expressions = pairs.filter((_, index) => index % 2 === 1);
  const last = expressions.at(-1);
  const list = last?.kind === "call" && last.name === "join" ? last : undefined;
  const values = checkValues(probe, list === undefined ? expressions : expressions.slice(0, -1));
  const strings = list === undefined ? undefined : checkEmittedList(probe, list);
  if (name === undefined || values === undefined) return undefined;
  const whole = values.find(({ type }) => type.kind === "aggregation");
  if (whole !== undefined) {
    return probe.error("argument-type", whole.span, `emit() takes no ${describeType(whole.type)}`);
  }
  if (list !== undefined && strings === undefined) return undefined;
  const listTypes = strings?.types ?? [];
  const fields = layOutRecord([...values.map(({ type }) => type), ...listTypes]);
  const listNames = listTypes.slice(1).map(() => fieldNames.at(-1) ?? "");
  const record = probe.program.records.add({
    kind: "event",
    name,
    fieldNames: [...fieldNames, ...listNames],
    ...fields,
  });
  return {
    kind: "record",
    record,
    values,
    list: strings?.list,
    isControl: false,
    span: call.span,
  };
}

/** All strings of a list together take no more of the scratch memory than this. */
const longestListBytes = 28_000;
/** Strings of a list in emit(). */
const mostListed = 64n;

/** `join(argv)`, `join(argv, count)` as emit()'s last value: a list of at most so many strings. */
function checkEmittedList(
  probe: ProbeState,
  call: Call,
): { readonly list: StringList; readonly types: readonly Type[] } | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const count =
    call.args.length === 1
      ? BigInt(joinedStrings)
      : requireConstant(probe, call, 1, { from: 1n, to: mostListed });
  const list = checkPointers(probe, call);
  if (count === undefined || list === undefined) return undefined;
  const fair = Math.floor(longestListBytes / Number(count));
  const capacityBytes = Math.min(probe.program.config.recordStringBytes, fair);
  const types = Array.from({ length: Number(count) }, (): Type => {
    return { kind: "string", capacityBytes, showsCut: true };
  });
  return { list, types };
}

/** `exit()`, `exit(code)`. */
function checkExit(probe: ProbeState, call: Call): CheckedStatement | undefined {
  if (!requireArguments(probe, call, 0, 1)) return undefined;
  const { span } = call;
  const code: CheckedExpression | undefined =
    call.args.length === 0
      ? { kind: "constant", value: 0n, type: uint32, span }
      : requireInteger(probe, call, 0);
  if (code === undefined) return undefined;
  const record = probe.program.records.add({ kind: "exit", ...layOutRecord([uint32]) });
  return { kind: "record", record, values: [code], list: undefined, isControl: true, span };
}

/** `time()`, `time(format)`. */
function checkTime(probe: ProbeState, call: Call): CheckedStatement | undefined {
  if (!requireArguments(probe, call, 0, 1)) return undefined;
  const format = call.args.length === 0 ? "%H:%M:%S\n" : requireText(probe, call, 0);
  if (format === undefined) return undefined;
  const record = probe.program.records.add({ kind: "time", format });
  return { kind: "control", record, span: call.span };
}

/** As bpftrace's join(). */
const joinedStrings = 16;

/** `join(argv)`, `join(argv, separator)`. */
function checkJoin(probe: ProbeState, call: Call): CheckedStatement | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const separator = call.args.length === 1 ? " " : requireText(probe, call, 1);
  const list = checkPointers(probe, call);
  if (separator === undefined || list === undefined) return undefined;
  const capacityBytes = probe.program.config.recordStringBytes;
  const strings = Array.from({ length: joinedStrings }, (): Type => {
    return { kind: "string", capacityBytes, showsCut: true };
  });
  const record = probe.program.records.add({ kind: "join", separator, ...layOutRecord(strings) });
  return { kind: "record", record, values: [], list, isControl: false, span: call.span };
}

/** The array of pointers that is join()'s first argument. */
function checkPointers(probe: ProbeState, call: Call): StringList | undefined {
  const [argument] = call.args;
  const pointers = argument === undefined ? undefined : probe.check(argument);
  if (argument === undefined || pointers === undefined) return undefined;
  const { type } = pointers;
  if (type.kind !== "pointer" && type.kind !== "integer") {
    const message = `join() only supports int or pointer arguments (${describeKind(type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const space = type.kind === "pointer" ? type.space : probe.probe.pointerSpace;
  return { pointers, space };
}
