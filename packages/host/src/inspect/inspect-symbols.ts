import { type Session } from "../session/session.js";
import { type TargetFacts } from "./target-facts.js";
import { type ProbeReport } from "./probe-kind.js";

/** A symbol that every kernel has among its first: further the agent need not read. */
const known = "_stext";

/** Whether the names of kernel functions can be found for addresses; undefined for an agent that cannot say. */
export async function inspectSymbols(
  session: Session,
  facts: TargetFacts,
): Promise<ProbeReport | undefined> {
  if (!session.hello.methods.includes("symbols.kernel")) return undefined;
  const { isHidden } = await session.peer.call("symbols.kernel", { addresses: [], names: [known] });
  if (!isHidden) return { state: "supported", advice: [] };
  return {
    state: "unsupported",
    reason: "/proc/kallsyms shows no addresses",
    advice: [adviceOnSymbols(facts)],
  };
}

/** kallsyms_show_value() of kernel/ksyms_common.c. */
function adviceOnSymbols({ settings }: TargetFacts): string {
  const restriction = settings.get("kernel.kptr_restrict");
  if (restriction === "2") return "on the target: sysctl -w kernel.kptr_restrict=1 (it is 2)";
  const paranoia = settings.get("kernel.perf_event_paranoid");
  if (restriction === "0" && Number(paranoia) > 1) {
    return `give the agent CAP_SYSLOG; or on the target: sysctl -w kernel.perf_event_paranoid=1 (it is ${paranoia})`;
  }
  return "give the agent CAP_SYSLOG, or start it as root";
}
