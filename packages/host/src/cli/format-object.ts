import { formatListing } from "../asm/disassemble/format-listing.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";

/** Maps, and each program with its instructions. */
export function formatInstructions(object: ObjectSpec): string {
  const programs = object.programs.map(
    (one) => `\n${one.type} ${one.name}:\n${formatListing(one.instructions)}`,
  );
  return [formatMaps(object), ...programs].join("");
}

/** What would be loaded, a line for each: maps, programs, what they are attached to. */
export function formatObject(object: ObjectSpec): string {
  const programs = object.programs.map(
    ({ name, type, attachTo, instructions }) =>
      `program ${name}: ${type}${attachTo === undefined ? "" : ` of ${attachTo}`}, ${instructions.length} instructions\n`,
  );
  const runs = object.runs.map(({ program, when }) => `run ${program} at the ${when}\n`);
  const attachments = object.attachments.map(
    (one) => `attach ${one.program} to ${describeAttachment(one)}\n`,
  );
  return [formatMaps(object), ...programs, ...runs, ...attachments].join("");
}

function formatMaps({ maps }: ObjectSpec): string {
  return maps
    .map(
      (map) =>
        `map ${map.name}: ${map.type}, key ${map.keySizeBytes}, value ${map.valueSizeBytes}, entries ${map.maxEntries}\n`,
    )
    .join("");
}

function describeAttachment(attachment: AttachmentSpec): string {
  switch (attachment.kind) {
    case "tracepoint":
      return `tracepoint:${attachment.category}:${attachment.name}`;
    case "rawTracepoint":
      return `rawtracepoint:${attachment.name}`;
    case "iterator":
      return "what it goes through, by BTF";
    case "tracing":
      return "what it names, by BTF";
    case "kprobe":
      return `${attachment.isReturn ? "kretprobe" : "kprobe"}:${attachment.symbol}+${attachment.offset}`;
    case "kprobeMulti":
      return `${attachment.isReturn ? "kretprobe" : "kprobe"}: ${attachment.symbols.join(", ")}`;
    case "uprobeMulti":
      return `${attachment.places.length} places of ${attachment.path}`;
    case "uprobe":
      return `${attachment.isReturn ? "uretprobe" : "uprobe"}:${attachment.path}:0x${attachment.offset.toString(16)}`;
    case "perfEvent":
      return `perf event ${attachment.type}:${attachment.config} on ${attachment.cpus === "each" ? "each CPU" : "one CPU"}`;
  }
}
