import { inspectTarget } from "../inspect/inspect-target.js";
import { type Session } from "../session/session.js";
import { type InfoParts } from "./format-info.js";

/** Asks a target what it can do. Throws RemoteError, ConnectionClosedError. */
export async function readInfo(session: Session): Promise<InfoParts> {
  return {
    hello: session.hello,
    target: session.description,
    inspection: await inspectTarget(session),
    clock: await session.clock.measure(),
  };
}
