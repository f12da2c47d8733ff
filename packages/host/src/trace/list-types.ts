import { Btf } from "../btf/btf.js";
import { formatCType } from "../btf/c-declarations.js";
import { globToRegExp } from "../language/glob.js";
import { type Session } from "../session/session.js";

/** What bpftrace lists beside probes: "struct list_*", "union …", "enum …". */
const typePattern = /^(struct|union|enum)\s+(\S+)$/;

/** Whether patterns ask for types of the kernel's. */
export function asksForTypes(patterns: string): boolean {
  return patterns.split(",").every((pattern) => typePattern.test(pattern.trim()));
}

/**
 * The kernel's types that match, by name, each with what it is made of where that is asked for. None where the line is too slow
 * for all types.
 */
export async function listTypes(
  session: Session,
  patterns: string,
  options: { readonly withFields: boolean },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pattern of patterns.split(",")) {
    found.push(...(await listMatching(session, pattern.trim(), options)));
  }
  return found;
}

async function listMatching(
  session: Session,
  pattern: string,
  { withFields }: { readonly withFields: boolean },
): Promise<readonly string[]> {
  const [, tag = "", name = ""] = typePattern.exec(pattern) ?? [];
  const expression = globToRegExp(name);
  const found = await session.types.ask((types): readonly string[] => {
    if (!(types instanceof Btf)) return [];
    const kinds = tag === "enum" ? (["enum", "enum64"] as const) : [tag as "struct" | "union"];
    return kinds.flatMap((kind) => {
      const prefix = /^[^*?[]*/.exec(name)?.[0] ?? "";
      const names = new Set(types.names(kind, prefix).filter((one) => expression.test(one)));
      return [...names].sort().flatMap((one) => {
        if (one === "") return [];
        if (!withFields) return [`${tag} ${one}`];
        const id = types.find(one, kind);
        return id === undefined ? [] : [`vmlinux: ${formatCType(types, id)};\n`];
      });
    });
  });
  return found ?? [];
}
