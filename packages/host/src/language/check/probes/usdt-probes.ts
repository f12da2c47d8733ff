import { type UsdtPlace } from "../../answers.js";
import { isPattern, type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { parseUsdtArguments } from "./usdt-arguments.js";
import { type FoundFile, foundFile, inMatchingFiles, noFile, userProbe } from "./user-probes.js";

const anywhere =
  "usdt probe must specify at least path or pid to probe. To target all paths/pids set the path to '*'.";

/** `usdt:/usr/bin/python3:function__entry`, `usdt:libc:libc:setjmp`, `usdt:./a:provider:*`; `usdt::libc:setjmp` of a process. */
export function expandUsdtProbe(context: AttachPointContext): ConcreteProbe[] {
  const [written, first, second] = context.parts;
  const isFileless = written?.text === "" && first !== undefined;
  const isAnywhere = isFileless && second !== undefined;
  if (isFileless && context.pid === undefined) {
    context.fault(anywhere, context.span);
    return [];
  }
  const file = isAnywhere ? { ...written, text: "*" } : written;
  const ifEmpty = "usdt probe must have a target function or wildcard";
  const takes = (): boolean =>
    context.takes([2, 3], "file:name or …:file:provider:name", { ifEmpty });
  if (!isAnywhere && !takes()) return [];
  if (file === undefined || first === undefined) return [];
  const marker = {
    provider: second === undefined ? "*" : first.text,
    name: second?.text ?? first.text,
  };
  if (!isPattern(file.text)) return inFile(context, file, marker);
  return inMatchingFiles(context, file, (path) => inFile(context, path, marker));
}

interface Marker {
  readonly provider: string;
  readonly name: string;
}

function inFile(
  context: AttachPointContext,
  file: ProbePart & { readonly isOneOfMany?: true },
  { provider, name }: Marker,
): ConcreteProbe[] {
  const query = { kind: "usdtProbes", file: file.text, provider, name } as const;
  const answer = context.ask<"usdtProbes">(query);
  if (answer === undefined) return [];
  const { path, probes, near } = answer;
  if (path === undefined) return noFile(context, file);
  if (probes.length === 0 && file.isOneOfMany !== true) {
    const full = provider === "*" ? name : `${provider}:${name}`;
    context.noMatch(`There is no USDT probe ${full} in ${path}`, near);
  }
  const found = { file, ...foundFile(path, answer) };
  return probes.flatMap((place) => usdtProbe(context, found, place));
}

function usdtProbe(
  context: AttachPointContext,
  found: FoundFile & { readonly file: ProbePart },
  place: UsdtPlace,
): ConcreteProbe[] {
  const target = `${place.provider}:${place.name}`;
  const { semaphoreOffset } = place;
  return userProbe(context, { ...found, target }, place.fileOffset).map((probe) => ({
    ...probe,
    attachment:
      semaphoreOffset === undefined
        ? probe.attachment
        : { ...probe.attachment, referenceCounterOffset: semaphoreOffset },
    usdtArguments: parseUsdtArguments(place.args, context.target.architecture),
  }));
}
