import { type UsdtPlace } from "../../answers.js";
import { isPattern, type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { parseUsdtArguments } from "./usdt-arguments.js";
import { inMatchingFiles, noFile, userProbe } from "./user-probes.js";

/** `usdt:/usr/bin/python3:function__entry`, `usdt:libc:libc:setjmp`, `usdt:./a:provider:*`. */
export function expandUsdtProbe(context: AttachPointContext): ConcreteProbe[] {
  const [file, first, second] = context.parts;
  const isComplete = context.parts.every(({ text }) => text !== "");
  if (file === undefined || first === undefined || context.parts.length > 3 || !isComplete) {
    context.fault("usdt probes are written usdt:file:name or usdt:file:provider:name");
    return [];
  }
  const marker = {
    provider: second === undefined ? "*" : first.text,
    name: second?.text ?? first.text,
    span: { start: first.span.start, end: (second ?? first).span.end },
  };
  if (!isPattern(file.text)) return inFile(context, file, marker);
  return inMatchingFiles(context, file, marker.span, (path) => inFile(context, path, marker));
}

interface Marker {
  readonly provider: string;
  readonly name: string;
  readonly span: ProbePart["span"];
}

function inFile(
  context: AttachPointContext,
  file: ProbePart & { readonly isOneOfMany?: true },
  { provider, name, span }: Marker,
): ConcreteProbe[] {
  const query = { kind: "usdtProbes", file: file.text, provider, name } as const;
  const answer = context.ask<"usdtProbes">(query);
  if (answer === undefined) return [];
  const { path, probes, near } = answer;
  if (path === undefined) return noFile(context, file);
  if (probes.length === 0 && file.isOneOfMany !== true) {
    const full = provider === "*" ? name : `${provider}:${name}`;
    context.noMatch(`there is no USDT probe ${full} in ${path}`, span, near);
  }
  return probes.map((place) => usdtProbe(context, { file, path, place }));
}

function usdtProbe(
  context: AttachPointContext,
  where: { readonly file: ProbePart; readonly path: string; readonly place: UsdtPlace },
): ConcreteProbe {
  const { file, path, place } = where;
  const target = `${place.provider}:${place.name}`;
  const probe = userProbe(context, { file, path, target }, place.fileOffset);
  const { semaphoreOffset } = place;
  const attachment =
    semaphoreOffset === undefined
      ? probe.attachment
      : { ...probe.attachment, referenceCounterOffset: semaphoreOffset };
  return {
    ...probe,
    attachment,
    usdtArguments: parseUsdtArguments(place.args, context.target.architecture),
  };
}
