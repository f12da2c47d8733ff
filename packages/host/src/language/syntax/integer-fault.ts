/** Why a text of digits, letters and underscores is no number of a program's, and where in it that begins. */
export interface IntegerFault {
  readonly start: number;
  readonly message: string;
}

const suffixes = /^(?:u?l{0,2}|ns|us|ms|s|m|h|d)$/;

/**
 * What bpftrace refuses of a number that begins with a digit, in its words; C has more forms, which preprocessor conditions
 * and places of probes may take. `undefined` for all that may be read.
 */
export function faultOfInteger(text: string): IntegerFault | undefined {
  const trailing = { start: 0, message: `invalid trailing bytes: ${text}` };
  if (/^0[xX]/.test(text)) return faultOfHexadecimal(text);
  const digits = /^[0-9_]+/.exec(text)?.[0] ?? "";
  const power = /^[eE](?<power>[0-9_]*)/.exec(text.slice(digits.length));
  const number = digits + (power?.[0] ?? "");
  const suffix = text.slice(number.length);
  if (number.endsWith("_")) {
    return { start: number.length - 1, message: "trailing underscore in integer literal" };
  }
  if (/^[uU]?[lL]{0,2}$/.test(suffix) && /[UL]/.test(suffix)) return trailing;
  if (!suffixes.test(suffix)) return faultOfSuffix(number, suffix);
  if (power === null) return /^0[0-7_]*[89]/.test(digits) ? trailing : undefined;
  if (!/^[1-9]/.test(power.groups?.["power"] ?? "")) return trailing;
  if (/^[1-9]$/.test(digits)) return undefined;
  return { start: 0, message: `coefficient part of scientific literal must be 1-9: ${text}` };
}

function faultOfHexadecimal(text: string): IntegerFault | undefined {
  if (text.endsWith("_")) {
    return { start: text.length - 1, message: "trailing underscore in integer literal" };
  }
  return /^0[xX]_*[0-9a-fA-F]/.test(text) ? undefined : { start: 0, message: "invalid integer: " };
}

/** What stands behind a suffix that is one. */
function faultOfSuffix(number: string, suffix: string): IntegerFault {
  const known = /^(?:ull|ul|u|ll|l|ns|us|ms|s|m|h|d)/.exec(suffix)?.[0] ?? "";
  const rest = suffix.slice(known.length);
  return { start: number.length + known.length, message: `invalid integer suffix '${rest}'` };
}
