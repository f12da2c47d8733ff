/** AF_INET, AF_INET6 (include/linux/socket.h). */
export const addressFamilies = { internet: 2, internet6: 10 } as const;

/** An address of the internet's as text; "" of a family that is none of its. */
export function formatInternetAddress(family: number, bytes: Uint8Array): string {
  if (family === addressFamilies.internet) return bytes.subarray(0, 4).join(".");
  return family === addressFamilies.internet6 ? formatInternet6(bytes) : "";
}

/** RFC 5952: the longest run of two or more zeros is "::"; an IPv4 address within is written as one. */
function formatInternet6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => {
    return ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0);
  });
  const run = longestZeros(groups);
  const mapsInternet =
    run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const texts = groups.map((group) => group.toString(16));
  if (mapsInternet) texts.splice(6, 2, bytes.subarray(12, 16).join("."));
  if (run.length < 2) return texts.join(":");
  const before = texts.slice(0, run.start).join(":");
  return `${before}::${texts.slice(run.start + run.length).join(":")}`;
}

function longestZeros(groups: readonly number[]): {
  readonly start: number;
  readonly length: number;
} {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, at) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  });
  return best;
}
