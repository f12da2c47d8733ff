import { type ProgramChoice, type SelectedProgram } from "../object/select-programs.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";

interface Placed {
  readonly program: SelectedProgram;
  readonly attachments: readonly AttachmentSpec[];
}

/** Kinds of probes that run at the same moment, the best first: objects have programs of several so that one can be chosen. */
const sameMoments: readonly (readonly string[])[] = [
  ["fentry", "kprobe"],
  ["fexit", "kretprobe"],
  ["tp_btf", "raw_tp", "raw_tracepoint"],
];

/**
 * Of programs that run at the same moment and use the same maps and variables, and so would count or tell everything twice, keeps
 * the best: by the kernel's types, then others. Programs that were asked for by name are all kept.
 */
export function chooseAlternatives(
  places: readonly Placed[],
  { only, attach }: ProgramChoice,
): {
  readonly places: readonly Placed[];
  readonly leftOut: readonly { readonly program: string; readonly reason: string }[];
} {
  const best = new Map<string, { readonly rank: number; readonly placed: Placed }>();
  const moments = new Map<Placed, string>();
  for (const placed of places) {
    const { name, section } = placed.program.function;
    const isAskedFor = only?.includes(name) === true || attach?.has(name) === true;
    const moment = isAskedFor ? undefined : momentOf(section, usedBy(placed.program));
    if (moment === undefined) continue;
    moments.set(placed, moment.key);
    const known = best.get(moment.key);
    if (known === undefined || moment.rank < known.rank) {
      best.set(moment.key, { rank: moment.rank, placed });
    }
  }
  const kept: Placed[] = [];
  const leftOut: { program: string; reason: string }[] = [];
  for (const placed of places) {
    const moment = moments.get(placed);
    const winner = moment === undefined ? undefined : best.get(moment)?.placed;
    const isOther =
      winner !== undefined &&
      kindOf(winner.program.function.section) !== kindOf(placed.program.function.section);
    if (!isOther) {
      kept.push(placed);
      continue;
    }
    const { name } = placed.program.function;
    leftOut.push({
      program: name,
      reason: `${winner.program.function.name} runs at the same moment (--only ${name} takes this one)`,
    });
  }
  return { places: kept, leftOut };
}

function kindOf(section: string): string {
  return section.replace(/^\?/, "").split("/")[0] ?? "";
}

/** The maps and variables that a program refers to itself. */
function usedBy({ function: one }: SelectedProgram): string {
  const used = [...one.references].map(([slot, reference]) => {
    switch (reference.kind) {
      case "map":
        return reference.map;
      case "data":
        // The offset of the variable stands in the instruction, or in what it refers to.
        return `${reference.map}+${reference.offset}+${one.code.slice(8 * slot + 4, 8 * slot + 8).join(".")}`;
      case "extern":
        return reference.name;
      case "call":
      case "functionAddress":
        return `${reference.sectionIndex}+${reference.offset}`;
    }
  });
  return [...new Set(used)].sort().join();
}

function momentOf(
  section: string,
  used: string,
): { readonly key: string; readonly rank: number } | undefined {
  const kind = kindOf(section);
  const place = section.slice(section.indexOf("/") + 1);
  for (const [group, kinds] of sameMoments.entries()) {
    const rank = kinds.indexOf(kind);
    if (rank < 0 || !section.includes("/")) continue;
    return { key: `${group} ${place} ${used}`, rank };
  }
  return undefined;
}
