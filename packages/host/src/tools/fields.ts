import { InternalError } from "../asm/internal-error.js";
import { type ToolFields } from "./tool.js";

/** An integer field, as a number: for fields of at most 32 bits, and those whose values are small. */
export function numberField(fields: ToolFields, name: string): number {
  const value = Number(integerField(fields, name));
  if (!Number.isSafeInteger(value)) throw new InternalError(`field ${name} is too large`);
  return value;
}

export function integerField(fields: ToolFields, name: string): bigint {
  const field = fields[name];
  if (field?.kind !== "integer") throw new InternalError(`there is no integer field ${name}`);
  return field.value;
}

/** A string field; `isCut` when the target's string was longer. */
export function textField(
  fields: ToolFields,
  name: string,
): { readonly text: string; readonly isCut: boolean } {
  const field = fields[name];
  if (field?.kind === "text") return { text: field.value, isCut: false };
  if (field?.kind !== "string") throw new InternalError(`there is no string field ${name}`);
  return { text: field.value, isCut: field.isCut };
}

/** A list of strings; those that were cut end in three dots. */
export function listField(fields: ToolFields, name: string): readonly string[] {
  const field = fields[name];
  if (field?.kind !== "tuple") throw new InternalError(`there is no list field ${name}`);
  return field.elements.map((element) => {
    if (element.kind !== "string") throw new InternalError(`field ${name} is no list of strings`);
    return element.isCut ? `${element.value}...` : element.value;
  });
}
