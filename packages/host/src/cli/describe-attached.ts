import { type Session } from "../session/session.js";
import { formatAge } from "./format-age.js";

/** How a detached session was found: "boot, detached 5 min ago: 0 events lost and 12 dropped so far". */
export function describeAttached(name: string, { attached }: Session): string {
  if (attached === undefined) return name;
  const { ageMilliseconds, isOver, streams } = attached;
  const lost = streams.reduce((sum, stream) => sum + stream.lost, 0n);
  const dropped = streams.reduce((sum, stream) => sum + stream.dropped, 0n);
  const over = isOver ? ", its time is over" : "";
  return `${name}, detached ${formatAge(ageMilliseconds)} ago${over}: ${lost} events lost and ${dropped} dropped so far`;
}
