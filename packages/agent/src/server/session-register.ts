import { type AgentPeer, type Result, type SessionFinder } from "@sonde/protocol";
import { BusyError, LimitError, MissingError } from "../kernel/errors.js";

/** Sessions whose link is lost keep answers and what they own until their lease has run out. */
const waitingLimit = 32;
/** Each holds programs, maps and a note in memory until someone stops it. */
const detachedLimit = 16;

/** What a register knows of a session. */
export interface RegisteredSession {
  readonly peer: AgentPeer;
  /** Resolves when the session is over and nothing of it is left. */
  readonly ended: Promise<void>;
  /** Undefined: not detached. */
  readonly label: string | undefined;
  /** Whether its link is lost and its lease runs. */
  readonly isWaiting: boolean;
  /** Whether something would be removed if it ended. */
  readonly ownsSomething: boolean;
  /** Whether a host is there that has not said that it goes. */
  readonly isAttached: boolean;
  describe(): Result<"session.list">["sessions"][number] | undefined;
  close(reason: string): void;
}

/** All sessions of an agent, and how hosts find those that are not the one which begins with their link. */
export class SessionRegister implements SessionFinder {
  readonly #sessions = new Set<RegisteredSession>();

  get size(): number {
    return this.#sessions.size;
  }

  /** Until it has ended. */
  add(session: RegisteredSession): void {
    this.#sessions.add(session);
    void session.ended.finally(() => this.#sessions.delete(session));
  }

  /** One more waits for its host: where there are too many, one that owns nothing ends, or else the oldest. */
  boundWaiting(): void {
    const waiting = [...this.#sessions].filter(({ isWaiting }) => isWaiting);
    if (waiting.length <= waitingLimit) return;
    const [oldest] = waiting;
    const victim = waiting.find(({ ownsSomething }) => !ownsSomething) ?? oldest;
    victim?.close("too many sessions wait for their hosts");
  }

  resumable(name: Uint8Array): AgentPeer | undefined {
    return [...this.#sessions].find(({ peer }) => peer.isNamed(name))?.peer;
  }

  /** Throws MissingError and BusyError. */
  attachable(label: string, takeOver: boolean): AgentPeer {
    const session = this.require(label, "session.attach");
    if (session.isAttached && !takeOver) {
      throw new BusyError(`session.attach ${label}: a host is attached to it already`);
    }
    return session.peer;
  }

  /** The detached session of that name. Throws MissingError, whose hint lists those that are there. */
  require(label: string, action: string): RegisteredSession {
    const session = this.#detached().find((one) => one.label === label);
    if (session !== undefined) return session;
    const names = this.#detached().map((one) => one.label);
    throw new MissingError(`${action} ${label}: there is no detached session of that name`, {
      hint: names.length === 0 ? "there are none" : `there are: ${names.join(", ")}`,
    });
  }

  /** Throws BusyError and LimitError. */
  requireRoom(label: string): void {
    const detached = this.#detached();
    if (detached.some((one) => one.label === label)) {
      throw new BusyError(`session.detach ${label}: there is a detached session of that name`, {
        hint: "choose another name, or stop that one first",
      });
    }
    if (detached.length >= detachedLimit) {
      throw new LimitError(`session.detach ${label}: too many detached sessions`, detachedLimit);
    }
  }

  list(): Result<"session.list">["sessions"] {
    return this.#detached().flatMap((session) => session.describe() ?? []);
  }

  /** Ends them all; resolves when nothing of them is left in the kernel. */
  async close(reason: string): Promise<void> {
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close(reason);
    await Promise.all(sessions.map((session) => session.ended));
  }

  /** Oldest first: a session is added when it begins. */
  #detached(): readonly RegisteredSession[] {
    return [...this.#sessions].filter(({ label }) => label !== undefined);
  }
}
