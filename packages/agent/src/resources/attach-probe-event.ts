import { type Target } from "../features/target.js";
import { type Attachment } from "./attachment.js";
import { openTracepointEvent } from "./attach-tracepoint.js";
import { attachToEvents } from "./perf-attachment.js";
import { type ProbeEvent, type ProbeEventKind, type ProbeEvents } from "./probe-events.js";

export interface ProbeEventRequest {
  readonly action: string;
  readonly program: number;
  readonly kind: ProbeEventKind;
  readonly isReturn: boolean;
  /** As ProbeEvents.add takes it. */
  readonly definition: string;
  /** 0: every process. */
  readonly pid: number;
  /** What the program learns of where it runs. */
  readonly cookie?: bigint | undefined;
}

/** Attaches to a probe made in tracefs, which is removed when the attachment is closed. Throws a RefusalError. */
export function attachProbeEvent(
  target: Target,
  probeEvents: ProbeEvents,
  request: ProbeEventRequest,
): Attachment {
  const { action, program, kind, definition, pid, cookie } = request;
  const probe = probeEvents.add(kind, request.isReturn ? "r" : "p", definition);
  try {
    return attachToEvents(target, {
      action,
      program,
      events: [openTracepointEvent(target, action, probe.id, { pid })],
      maker: `${kind}_events`,
      cookie,
      afterClose: () => {
        probe.remove();
      },
    });
  } catch (error) {
    removeQuietly(probe);
    throw error;
  }
}

function removeQuietly(probe: ProbeEvent): void {
  try {
    probe.remove();
  } catch {
    // Why the probe could not be attached is what the person wants to know; the next agent's sweep finds this one.
  }
}
