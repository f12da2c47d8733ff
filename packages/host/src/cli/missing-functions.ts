import { type Diagnostic } from "../language/diagnostic.js";
import { parse } from "../language/parse.js";
import { type Session } from "../session/session.js";
import { listProbes } from "../trace/list-probes.js";

/**
 * Says which functions that the kprobes of a program name the target's kernel does not have: asked once the kernel has refused one,
 * so that those that it takes cost no question.
 */
export async function missingFunctions(
  session: Session,
  source: string,
): Promise<readonly Diagnostic[]> {
  const points = parse(source).program?.blocks.flatMap(({ attachPoints }) => attachPoints) ?? [];
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  for (const { text, span } of points) {
    const match = /^(k|kprobe|kr|kretprobe):((?:[\w-]+:)?)([A-Za-z_][\w.$]*)(?:\+\w+)?$/.exec(text);
    if (match === null) continue;
    const [, word = "", module = "", name = ""] = match;
    const listed = await listProbes(session, `kprobe:${module}${name}`, { withFields: false });
    if (listed.length > 0) continue;
    const type = word.startsWith("kr") ? "kretprobe" : "kprobe";
    const about = { code: "no-match", span, hints: [] } as const;
    const message = `No matches for ${type} ${module}${name}.`;
    errors.push({ severity: "error", ...about, message });
    warnings.push({
      ...{ severity: "warning", ...about },
      message: `${name} is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail`,
    });
  }
  return [...errors, ...warnings];
}
