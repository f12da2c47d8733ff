import { type FileDescription } from "../object/describe-file.js";
import { formatTable } from "./format-table.js";

/** What keeps a program from running on the target, or a part of it. */
export interface Lack {
  readonly program: string;
  readonly reason: string;
}

/** What an object has in it, part by part; `lacks`: what the target lacks for it, when that was asked. */
export function formatFile(file: FileDescription, lacks: readonly Lack[] | undefined): string {
  const parts = [
    `object ${file.name}: ${file.byteOrder}-endian, license "${file.license}"\n`,
    part(
      "programs",
      file.programs.map(({ name, section, instructions, isOptional, refusal }) => [
        name,
        `${isOptional ? "?" : ""}${section}`,
        `${instructions} instructions`,
        refusal ?? (isOptional ? "when asked for" : ""),
      ]),
    ),
    part(
      "maps",
      file.maps.map(({ name, type, keySizeBytes, valueSizeBytes, maxEntries, isPinned }) => [
        name,
        type,
        `key ${keySizeBytes}`,
        `value ${valueSizeBytes}`,
        `entries ${maxEntries}`,
        isPinned ? "pinned" : "",
      ]),
    ),
    part(
      "variables",
      file.variables.map(({ name, section, type, sizeBytes }) => [
        name,
        section,
        type,
        `${sizeBytes} bytes`,
      ]),
    ),
    part(
      "taken from the kernel",
      file.externs.map(({ name, kind, isWeak }) => [name, kind, isWeak ? "if it is there" : ""]),
    ),
    part(
      "read of the kernel's types",
      file.relocations.map(({ what, count }) => [what, `${count} times`]),
    ),
    part(
      "records",
      file.streams.map(({ map, types }) => [
        map,
        types.join(", ") || "of an unknown type: --types",
      ]),
    ),
    lacks === undefined
      ? ""
      : lacks.length === 0
        ? "\nthe target has all that it needs\n"
        : part(
            "the target lacks",
            lacks.map(({ program, reason }) => [program, reason]),
          ),
  ];
  return parts.join("");
}

function part(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? "" : `\n${title}:\n${formatTable(rows)}`;
}
