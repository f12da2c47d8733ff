import { type ParsedParams, type RequestHandlers } from "@sonde/protocol";
import { type RegisteredSession, type SessionRegister } from "./session-register.js";

/** The methods about sessions as wholes. */
export type SessionMethods = Pick<
  RequestHandlers,
  "session.detach" | "session.leave" | "session.list" | "session.stop" | "session.close"
>;

/** What they ask of the session that the host speaks with. */
export interface OwnSession extends RegisteredSession {
  /** Throws RefusalError. */
  detach(params: ParsedParams<"session.detach">): void;
  /** Throws RequestError when it is not detached. */
  leave(note: Uint8Array | undefined): void;
  /** Removes what was made, and its name; resolves when nothing is left. */
  clear(): Promise<void>;
}

export function createSessionMethods(own: OwnSession, sessions: SessionRegister): SessionMethods {
  return {
    "session.detach"(params) {
      own.detach(params);
      return {};
    },

    "session.leave"({ note }) {
      own.leave(note);
      return {};
    },

    "session.list": () => ({ sessions: sessions.list() }),

    async "session.stop"({ name }) {
      const session = sessions.require(name, "session.stop");
      if (session === own) {
        await own.clear();
      } else {
        session.close("another host has stopped the session");
        await session.ended;
      }
      return {};
    },

    async "session.close"() {
      await own.clear();
      return {};
    },
  };
}
