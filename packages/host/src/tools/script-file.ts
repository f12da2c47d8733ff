import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InternalError } from "../asm/internal-error.js";

/** Beside the folder of the bundled program; beside that of a package's compiled files, or of its sources. */
const places = ["../tools/", "../../tools/"];

/** The text of a tool that is a file in the language (packages/host/tools). */
export function readScript(name: string): string {
  const file = fileOf(name);
  if (file === undefined) throw new InternalError(`${name}.bt is not beside the program`);
  return readFileSync(file, "utf8");
}

/** Whether a tool's program is a file. */
export function hasScript(name: string): boolean {
  return fileOf(name) !== undefined;
}

function fileOf(name: string): string | undefined {
  return places
    .map((place) => fileURLToPath(new URL(`${place}${name}.bt`, import.meta.url)))
    .find((file) => existsSync(file));
}

/** What options a script is given: absent ones stay as the script has them. */
export type ScriptOptions = Readonly<Record<string, number | true | undefined>>;

/** As `--name=value` gives them. */
export function namedOptions(options: ScriptOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as const],
    ),
  );
}

/** An option that is given or not. */
export function given(value: boolean | undefined): true | undefined {
  return value === true ? true : undefined;
}

/** A script that prints a map in a rhythm, and begins anew. */
export function inRhythm(
  script: string,
  map: string,
  { seconds, count }: { readonly seconds: number | undefined; readonly count?: number | undefined },
): string {
  if (seconds === undefined) return script;
  const end = count === undefined ? "" : ` @printed++; if (@printed >= ${count}) { exit(); }`;
  return `${script}interval:ms:${Math.round(seconds * 1000)} { print(${map}); clear(${map});${end} }\n`;
}
