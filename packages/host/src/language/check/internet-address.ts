/** The bytes of an address as "192.0.2.1" or "2001:db8::1" write it; `undefined` when it is none. */
export function parseInternetAddress(text: string): number[] | undefined {
  return text.includes(":") ? parseInternet6(text) : parseInternet(text);
}

function parseInternet(text: string): number[] | undefined {
  const bytes = text
    .split(".")
    .map((part) => (/^(0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : NaN));
  return bytes.length === 4 && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseInternet6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map((half, at) => parseGroups(half, at === halves.length - 1));
  if (before === undefined || (halves.length === 2 && after === undefined)) return undefined;
  if (after === undefined) return before.length === 16 ? before : undefined;
  const missing = 16 - before.length - after.length;
  return missing < 2 ? undefined : [...before, ...Array<number>(missing).fill(0), ...after];
}

/** "2001:db8" as bytes; the last group of all may be an IPv4 address. */
function parseGroups(text: string, isLast: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    if (isLast && at === groups.length - 1 && group.includes(".")) {
      const internet = parseInternet(group);
      if (internet === undefined) return undefined;
      bytes.push(...internet);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      const number = Number.parseInt(group, 16);
      bytes.push(number >> 8, number & 0xff);
    }
  }
  return bytes;
}
