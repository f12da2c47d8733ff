import { type Session } from "../session/session.js";
import { adviseOn } from "./advice.js";
import { type TargetFacts } from "./target-facts.js";
import { type ProbeReport } from "./probe-kind.js";
import { probeKinds } from "./probe-kinds.js";
import { tryProbeKind } from "./try-probe-kind.js";

/** Tries every kind of probe on a target; by kind, in the order in which they are told. Throws ConnectionClosedError. */
export async function inspectProbes(
  session: Session,
  facts: TargetFacts,
): Promise<Readonly<Record<string, ProbeReport>>> {
  const reports = new Map<string, ProbeReport>();
  // One after the other: each leaves nothing behind before the next begins.
  for (const kind of probeKinds) {
    const { hint, ...report } = await tryProbeKind(session, kind);
    const advice = await adviseOn(kind, { ...report, hint }, facts);
    reports.set(kind.name, { ...report, advice });
  }
  for (const { name, instead } of probeKinds) {
    const report = reports.get(name);
    if (report === undefined || report.state === "supported" || instead === undefined) continue;
    if (reports.get(instead.kind)?.state !== "supported") continue;
    reports.set(name, { ...report, advice: [...report.advice, instead.how] });
  }
  return Object.fromEntries(reports);
}
