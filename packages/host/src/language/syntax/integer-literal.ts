/** What a text of digits, letters and underscores means as a number. */
export type IntegerLiteral =
  | { readonly kind: "integer"; readonly value: bigint; readonly isUnsigned: boolean }
  | { readonly kind: "invalid"; readonly message: string };

const maximumUnsigned = (1n << 64n) - 1n;

const nanosecondsOf: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

const literalPattern =
  /^(?:0[xX](?<hexadecimal>[0-9a-fA-F_]+)|0[bB](?<binary>[01_]+)|(?<decimal>[0-9][0-9_]*)(?:[eE](?<exponent>[0-9_]{1,7}))?(?<unit>ns|us|ms|s|m|h|d)?)(?<suffix>[uU]?[lL]{0,2})$/;

/**
 * Decimal, `0x`, `0b` and octal (leading 0) integers with `_` between digits, exponents (`1e6`), C's suffixes
 * (u, l, ul, ll, ull, in either case) and durations (`10ms`), which are nanoseconds.
 */
export function parseIntegerLiteral(text: string): IntegerLiteral {
  const parts = text.length > 100 ? undefined : literalPattern.exec(text)?.groups;
  if (parts === undefined) {
    return { kind: "invalid", message: notANumber(text) };
  }
  const digits = digitsOf(parts);
  if (digits === undefined) {
    return { kind: "invalid", message: notANumber(text) };
  }
  const scale = nanosecondsOf[parts["unit"] ?? ""];
  const value = digits * (scale ?? 1n);
  if (value > maximumUnsigned) {
    return {
      kind: "invalid",
      // The digits are named without what says their base.
      message: `overflow error, maximum value is 18446744073709551615: ${text.replace(/^0[xX]?/, "")}`,
    };
  }
  return { kind: "integer", value, isUnsigned: /u/i.test(parts["suffix"] ?? "") };
}

function notANumber(text: string): string {
  return `${JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)} is not a number`;
}

function digitsOf(parts: Readonly<Record<string, string | undefined>>): bigint | undefined {
  const clean = (digits: string): string => digits.replaceAll("_", "");
  const { hexadecimal, binary, decimal, exponent } = parts;
  if (hexadecimal !== undefined) {
    return clean(hexadecimal) === "" ? undefined : BigInt(`0x${clean(hexadecimal)}`);
  }
  if (binary !== undefined) {
    return clean(binary) === "" ? undefined : BigInt(`0b${clean(binary)}`);
  }
  const plain = clean(decimal ?? "");
  if (exponent !== undefined) {
    // Beyond 64 bits one power is like another.
    const power = Math.min(Number(clean(exponent)), 100);
    return BigInt(plain) * 10n ** BigInt(power);
  }
  if (/^0[0-9]/.test(plain)) {
    return /^[0-7]+$/.test(plain) ? BigInt(`0o${plain.slice(1)}`) : undefined;
  }
  return BigInt(plain);
}
