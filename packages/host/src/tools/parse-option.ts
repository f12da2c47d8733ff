import { ToolOptionError } from "./tool.js";

/** A whole number from 0 up to 2^32 - 1: process, thread and user ids. */
export function parseId(text: string): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 0xffff_ffff) {
    throw new ToolOptionError(`${text} is not a whole number`);
  }
  return value;
}

/** A number of seconds above 0, fractions allowed. */
export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(?:\.\d+)?$/.test(text) || value <= 0)
    throw new ToolOptionError(`${text} is not a number of seconds`);
  return value;
}

/** A whole number from 1 to `most`. */
export function parseCount(text: string, most: number): number {
  const value = parseId(text);
  if (value < 1 || value > most) throw new ToolOptionError(`${text} is not between 1 and ${most}`);
  return value;
}

/** A regular expression. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new ToolOptionError(`${text} is no regular expression`, { cause });
  }
}
