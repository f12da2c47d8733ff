import { type Target } from "../features/target.js";
import { NotSupportedError } from "../kernel/errors.js";
import { openPerfEvent } from "../kernel/perf.js";
import { encodeCString } from "../kernel/text.js";
import { type Attachment } from "./attachment.js";
import { attachProbeEvent } from "./attach-probe-event.js";
import { whoseEvents } from "./attach-tracepoint.js";
import { firstThatWorks, type Way } from "./first-that-works.js";
import { attachToEvents } from "./perf-attachment.js";
import { type ProbeEvents } from "./probe-events.js";

export interface KprobeRequest {
  readonly symbol: string;
  readonly offset: bigint;
  readonly isReturn: boolean;
}

/** Attaches to a function of the kernel. Throws RefusedError. */
export function attachKprobe(
  target: Target,
  probeEvents: ProbeEvents,
  program: number,
  request: KprobeRequest,
): Attachment {
  const { symbol, offset, isReturn } = request;
  const place = offset === 0n ? symbol : `${symbol}+${offset}`;
  const action = `attach ${isReturn ? "kretprobe" : "kprobe"} ${place}`;
  const ways = waysTo(target, probeEvents, program, { action, ...request });
  if (!isReturn && offset === 0n) ways.push(...waysPastSite(target, probeEvents, program, symbol));
  return firstThatWorks(action, ways);
}

function waysTo(
  target: Target,
  probeEvents: ProbeEvents,
  program: number,
  { action, ...request }: KprobeRequest & { readonly action: string },
): Way[] {
  return [
    {
      mechanism: "kprobe PMU",
      attach: () => attachByPmu(target, action, program, request),
    },
    {
      mechanism: "kprobe_events",
      attach: () => {
        if (target.tracefs === "") throw new NotSupportedError("there is no tracefs");
        const { symbol, offset, isReturn } = request;
        const definition = `${symbol}+${offset}`;
        const how = { action, program, kind: "kprobe", isReturn, definition, pid: 0 } as const;
        return attachProbeEvent(target, probeEvents, how);
      },
    },
  ];
}

/**
 * On riscv64, kernels without CONFIG_KPROBES_ON_FTRACE refuse kprobes (EINVAL) where ftrace has its site: at the beginning
 * of nearly all functions. Behind those eight bytes, which do nothing, the arguments are still where they were.
 */
function waysPastSite(
  target: Target,
  probeEvents: ProbeEvents,
  program: number,
  symbol: string,
): Way[] {
  if (target.kernel.machine.architecture !== "riscv64") return [];
  const action = `attach kprobe ${symbol}+8`;
  const ways = waysTo(target, probeEvents, program, {
    action,
    symbol,
    offset: 8n,
    isReturn: false,
  });
  return ways.map((way) => ({ ...way, mechanism: `${way.mechanism}, +8` }));
}

/** Since 4.17. */
function attachByPmu(
  target: Target,
  action: string,
  program: number,
  { symbol, offset, isReturn }: KprobeRequest,
): Attachment {
  const { kernel, kprobePmu: pmu } = target;
  if (pmu === undefined) throw new NotSupportedError("not in this kernel");
  const attributes = {
    type: pmu.type,
    config: isReturn ? pmu.returnProbe : 0n,
    name: encodeCString(symbol),
    offset,
  };
  const fd = openPerfEvent(kernel, attributes, whoseEvents(target, 0));
  const event = kernel.check(action, "perf_event_open", fd);
  return attachToEvents(target, { action, program, events: [event], maker: "kprobe PMU" });
}
