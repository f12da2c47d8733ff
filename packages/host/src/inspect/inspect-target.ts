import { type TargetFeatures } from "@sonde/protocol";
import { type Session } from "../session/session.js";
import { type TargetFacts, readTargetFacts } from "./target-facts.js";
import { inspectProbes } from "./inspect-probes.js";
import { inspectSymbols } from "./inspect-symbols.js";
import { type ProbeReport } from "./probe-kind.js";

/** What works on a target, what does not and why, and what helps. */
export interface Inspection {
  readonly facts: TargetFacts;
  /** By the kind of probe, as programs write it. */
  readonly probes: Readonly<Record<string, ProbeReport>>;
  /** Of kernel functions; undefined for an agent that cannot say. */
  readonly symbols: ProbeReport | undefined;
  /** The agent's own, and what was tried from here. */
  readonly features: TargetFeatures;
}

/** Ways to attach that only the host can try, because the agent does not read BTF: they are features like the others. */
const triedHere = ["tp_btf", "fentry", "fexit", "iter"];

/** Tries everything on a target, and leaves nothing there. Throws RemoteError, ConnectionClosedError. */
export async function inspectTarget(session: Session): Promise<Inspection> {
  const facts = await readTargetFacts(session);
  const probes = await inspectProbes(session, facts);
  const features = { ...session.features };
  for (const name of triedHere) {
    const report = probes[name];
    if (report === undefined) continue;
    const { state, reason } = report;
    features[name] = { state, ...(reason === undefined ? {} : { reason }) };
  }
  return { facts, probes, symbols: await inspectSymbols(session, facts), features };
}
