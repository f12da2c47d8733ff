import { HandleError } from "../kernel/errors.js";
import { type Kernel } from "../kernel/kernel.js";
import { disablePerfEvent, enablePerfEvent } from "../kernel/perf.js";
import { type Resource } from "./resource.js";

/** What attaching has made. */
export interface AttachmentParts {
  /** "perf event link": shown to the person, and for tests. */
  readonly mechanism: string;
  /** Links, whose closing detaches the program. */
  readonly links: readonly number[];
  /** Perf events, created disabled. */
  readonly events: readonly number[];
  /** Set when a program is bound to its event for good (PERF_EVENT_IOC_SET_BPF): closing the event detaches it. */
  readonly detachesWithEvent: boolean;
  /** What is to be done besides when it is enabled; may throw a SyscallError. */
  readonly onEnable?: () => void;
  /** What is left to do when all are closed; may throw a RefusalError. */
  readonly afterClose?: () => void;
}

/**
 * A program attached to something. The kernel runs programs of tracepoints, kprobes and uprobes from the moment they are
 * attached, whether their perf event is enabled or not (kernel/trace/trace_event_perf.c); those that sample run from
 * `enable` on. In the same way only closing the link stops the former.
 */
export class Attachment implements Resource {
  readonly mechanism: string;
  readonly #kernel: Kernel;
  readonly #detachesWithEvent: boolean;
  readonly #onEnable: (() => void) | undefined;
  readonly #afterClose: (() => void) | undefined;
  #links: readonly number[];
  #events: readonly number[];

  constructor(kernel: Kernel, parts: AttachmentParts) {
    this.mechanism = parts.mechanism;
    this.#kernel = kernel;
    this.#links = parts.links;
    this.#events = parts.events;
    this.#detachesWithEvent = parts.detachesWithEvent;
    this.#onEnable = parts.onEnable;
    this.#afterClose = parts.afterClose;
  }

  /** The link's descriptor. Throws HandleError for an attachment without one. */
  get link(): number {
    const link = this.#links[0];
    if (link === undefined) throw new HandleError("the attachment has no link");
    return link;
  }

  /** Throws SyscallError. */
  enable(): void {
    for (const event of this.#events) {
      const result = enablePerfEvent(this.#kernel, event);
      this.#kernel.check("enable perf event", "ioctl(PERF_EVENT_IOC_ENABLE)", result);
    }
    this.#onEnable?.();
  }

  disable(): readonly number[] {
    // One that cannot be disabled is closed soon after.
    for (const event of this.#events) disablePerfEvent(this.#kernel, event);
    const links = this.#links;
    this.#links = [];
    if (!this.#detachesWithEvent) return links;
    return [...links, ...this.#takeEvents()];
  }

  release(): readonly number[] {
    const links = this.#links;
    this.#links = [];
    return [...links, ...this.#takeEvents()];
  }

  afterClose(): void {
    this.#afterClose?.();
  }

  #takeEvents(): readonly number[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
