/** Names by user id, from the text of /etc/passwd (passwd(5)). */
export function parseUserNames(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , uid] = line.split(":");
    if (name === undefined || uid === undefined || !/^\d+$/.test(uid)) continue;
    // The first line with an id is the one that getpwuid finds.
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
