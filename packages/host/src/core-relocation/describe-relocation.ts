import { type CoreRelocation } from "../btf/ext-info.js";
import { type TypeReader } from "../btf/type-reader.js";
import { type Access } from "./access.js";
import { parseAccess, requireKind } from "./decide-relocation.js";
import { kindNames, subjectOf } from "./relocation-kinds.js";

/** "offset of struct task_struct.mm", "existence of enum bpf_func_id::BPF_FUNC_loop". Throws what parseAccess does. */
export function describeRelocation(types: TypeReader, relocation: CoreRelocation): string {
  const kind = requireKind(relocation);
  const name = types.formatTypeName(relocation.type);
  const subject = subjectOf(kind);
  if (subject === "type") return `${kindNames[kind]} of ${name}`;
  const access = parseAccess(types, relocation);
  if (subject === "enumerator")
    return `${kindNames[kind]} of ${name}::${access.steps[0]?.name ?? ""}`;
  return `${kindNames[kind]} of ${name}${formatSteps(access)}`;
}

function formatSteps({ steps }: Access): string {
  return steps
    .map(({ name, index }, at) => {
      if (name !== undefined) return `.${name}`;
      return at === 0 && index === 0 ? "" : `[${index}]`;
    })
    .join("");
}
