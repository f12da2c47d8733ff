import { parseObject } from "../object/parse-object.js";
import { readAttachText } from "../object/attach-text.js";
import { BpfObject, type LoadObjectOptions, type ObjectTypes } from "./bpf-object.js";
import { readyObject, startObject } from "./start-object.js";
import { type Target } from "./target.js";

/**
 * Fits a compiled BPF object to a target, loads it there and attaches what its sections say. Throws ObjectError for one that is
 * malformed, or that the target lacks something for; RemoteError when its kernel refuses: then nothing is left there.
 */
export async function loadObject<Types extends ObjectTypes = ObjectTypes>(
  target: Target,
  object: Uint8Array,
  options: LoadObjectOptions = {},
): Promise<BpfObject<Types>> {
  const { name = "object", attach = {}, set = {}, events = {}, ...more } = options;
  const file = await parseObject(object, name);
  const places = Object.entries(attach).map(
    ([program, text]) => [program, readAttachText(text)] as const,
  );
  const request = {
    ...more,
    isPlain: true,
    attach: new Map(places),
    set: Object.entries(set).map(([variable, value]) => ({ name: variable, value: textOf(value) })),
    events: Object.entries(events).map(([map, type]) => ({ map, type })),
  };
  const trace = await startObject(target, await readyObject(target, file, request), request);
  return new BpfObject<Types>(file, trace, () => target.session.clear());
}

/** As `--set` takes it. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one));
}
