import { FunctionTable } from "./function-table.js";
import { ObjectError } from "./object-error.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";
import { needsTargetTypes } from "./relocate-types.js";
import { readSectionName, type SectionProgram } from "./section-names.js";

/** What of an object is to be loaded. */
export interface ProgramChoice {
  /** These alone, also those that the object leaves out by itself. */
  readonly only?: readonly string[];
  /** These not. */
  readonly without?: readonly string[];
  /** What programs attach to, in place of what their sections say. */
  readonly attach?: ReadonlyMap<string, SectionProgram>;
}

/** A program that is to be loaded, and what it is. */
export interface SelectedProgram {
  readonly function: ObjectFunction;
  readonly section: SectionProgram;
}

/** The programs to load, all functions that come with them, and what these use. */
export interface Selection {
  readonly programs: readonly SelectedProgram[];
  readonly table: FunctionTable;
  /** Programs, and all functions that are no programs. */
  readonly functions: ReadonlySet<ObjectFunction>;
  /** Externs that the functions use, by name. */
  readonly externs: ReadonlySet<string>;
  /** Whether instructions depend on the target's types. */
  readonly needsTypes: boolean;
}

/** Chooses programs. Throws ObjectError for names that the object has not, and for programs that do not trace. */
export function selectPrograms(file: ObjectFile, choice: ProgramChoice): Selection {
  const known = file.functions.filter(({ isProgram }) => isProgram);
  requireNames(known, [
    ...(choice.only ?? []),
    ...(choice.without ?? []),
    ...(choice.attach?.keys() ?? []),
  ]);
  const programs = known.filter((one) => isWanted(one, choice)).map((one) => select(one, choice));
  if (programs.length === 0) {
    const names = known.map(({ name }) => name).join(", ");
    throw new ObjectError("nothing is to be loaded", {
      hint: names === "" ? "the object has no programs" : `its programs are: ${names}`,
    });
  }
  const table = new FunctionTable(file);
  const functions = new Set([
    ...programs.map((one) => one.function),
    ...file.functions.filter(({ isProgram }) => !isProgram),
  ]);
  const externs = new Set(
    [...functions].flatMap(({ references }) =>
      [...references.values()].flatMap((one) => (one.kind === "extern" ? [one.name] : [])),
    ),
  );
  const needsTypes = needsTargetTypes(file, table, functions);
  return { programs, table, functions, externs, needsTypes };
}

/** A section's name less the "?" by which an object leaves a program out, unless it is asked for. */
export function sectionOf({ section }: ObjectFunction): {
  readonly name: string;
  readonly isOptional: boolean;
} {
  const isOptional = section.startsWith("?");
  return { name: isOptional ? section.slice(1) : section, isOptional };
}

function isWanted(one: ObjectFunction, { only, without, attach }: ProgramChoice): boolean {
  if (without?.includes(one.name) === true) return false;
  if (only !== undefined) return only.includes(one.name);
  return !sectionOf(one).isOptional || attach?.has(one.name) === true;
}

function select(one: ObjectFunction, { attach }: ProgramChoice): SelectedProgram {
  const own = readSectionName(sectionOf(one).name);
  const said = attach?.get(one.name);
  if (own.type === undefined && said === undefined) {
    throw new ObjectError(`program ${one.name}: ${own.reason}, and sonde traces`, {
      hint: `load the others with --without ${one.name}`,
    });
  }
  if (said === undefined) {
    if (own.type === undefined) throw new ObjectError(`program ${one.name}: ${own.reason}`);
    return { function: one, section: own };
  }
  if (own.type !== undefined && own.type !== said.type) {
    throw new ObjectError(
      `program ${one.name} is of type ${own.type}, which cannot attach there: that takes ${said.type}`,
    );
  }
  // What the program may do is the section's to say; where it runs is not.
  const isSleepable = own.type !== undefined && own.isSleepable;
  return { function: one, section: { ...said, isSleepable } };
}

function requireNames(known: readonly ObjectFunction[], names: readonly string[]): void {
  const unknown = names.find((name) => !known.some((one) => one.name === name));
  if (unknown === undefined) return;
  throw new ObjectError(`there is no program ${unknown}`, {
    hint: `the programs are: ${known.map(({ name }) => name).join(", ")}`,
  });
}
