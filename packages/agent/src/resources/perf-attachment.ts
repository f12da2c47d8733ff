import { type Target } from "../features/target.js";
import { Attachment } from "./attachment.js";
import { bindProgram } from "./bind-program.js";

export interface EventsRequest {
  /** "attach tracepoint sched:sched_switch". */
  readonly action: string;
  readonly program: number;
  /** Disabled perf events; taken over, whatever happens. */
  readonly events: readonly number[];
  /** What made the events, before how the program was bound: "kprobe PMU"; nothing for a plain perf event. */
  readonly maker?: string;
  readonly afterClose?: () => void;
  /** What the program learns of where it runs. */
  readonly cookie?: bigint | undefined;
}

/** Binds a program to perf events, all or none. Throws RefusedError. */
export function attachToEvents(target: Target, request: EventsRequest): Attachment {
  const { action, program, events, maker, afterClose, cookie } = request;
  const links: number[] = [];
  let how = "";
  try {
    for (const event of events) {
      const { mechanism, link } = bindProgram(target, action, event, program, cookie);
      how = mechanism;
      if (link !== undefined) links.push(link);
    }
  } catch (error) {
    for (const fd of [...links, ...events]) target.kernel.call("close", fd);
    throw error;
  }
  return new Attachment(target.kernel, {
    mechanism: maker === undefined ? how : `${maker}, ${how}`,
    links,
    events,
    detachesWithEvent: links.length < events.length,
    ...(afterClose === undefined ? {} : { afterClose }),
  });
}
