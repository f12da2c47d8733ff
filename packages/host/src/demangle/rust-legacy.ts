/** "_ZN", names with their lengths, a hash of 16 digits, "E", and what LLVM appends to copies. */
const form = /^_ZN((?:[0-9]+[^0-9].*)?)17h[0-9a-f]{16}E(?:\.llvm\.[0-9A-F]+)?$/;

const escapes: ReadonlyMap<string, string> = new Map([
  ["SP", "@"],
  ["BP", "*"],
  ["RF", "&"],
  ["LT", "<"],
  ["GT", ">"],
  ["LP", "("],
  ["RP", ")"],
  ["C", ","],
]);

/** The path that a name of Rust's older mangling says, without its hash; undefined for other names. */
export function demangleRustLegacy(mangled: string): string | undefined {
  const parts = form.exec(mangled)?.[1];
  if (parts === undefined) return undefined;
  const names: string[] = [];
  for (let at = 0; at < parts.length;) {
    const digits = /^[0-9]{1,6}/.exec(parts.slice(at, at + 6))?.[0];
    if (digits === undefined) return undefined;
    const start = at + digits.length;
    at = start + Number(digits);
    if (at > parts.length) return undefined;
    names.push(unescape(parts.slice(start, at)));
  }
  return names.length === 0 ? undefined : names.join("::");
}

function unescape(name: string): string {
  // An underscore keeps what begins with an escape from beginning with a dollar.
  return name
    .replace(/^_(?=\$)/, "")
    .replaceAll(/\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (whole, code, letters) =>
      unescapeOne(whole, code, letters),
    )
    .replaceAll("..", "::");
}

function unescapeOne(whole: string, code: unknown, letters: unknown): string {
  if (typeof code === "string") {
    const point = Number.parseInt(code, 16);
    return point <= 0x10_ffff ? String.fromCodePoint(point) : whole;
  }
  return escapes.get(String(letters)) ?? whole;
}
