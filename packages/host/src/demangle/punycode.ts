import { MangledNameError } from "./mangled-cursor.js";

// RFC 3492, 5: base, tmin, tmax, skew, damp, and the first code point that is not ASCII.
const base = 36;
const [leastThreshold, mostThreshold, skew, damp, firstCode] = [1, 26, 38, 700, 128];

/** Decodes Punycode as Rust writes it: with "_" before the digits in place of "-". Throws MangledNameError. */
export function decodePunycode(text: string): string {
  const split = text.lastIndexOf("_");
  const output = Array.from(split === -1 ? "" : text.slice(0, split));
  const digits = text.slice(split + 1);
  let code = firstCode;
  let position = 0;
  let bias = 72;
  for (let at = 0; at < digits.length;) {
    const before = position;
    let weight = 1;
    for (let step = base; ; step += base) {
      const digit = digitValue(digits[at++]);
      position += digit * weight;
      const threshold = Math.min(Math.max(step - bias, leastThreshold), mostThreshold);
      if (digit < threshold) break;
      weight *= base - threshold;
      if (weight > 0x1000_0000) throw new MangledNameError("no Punycode");
    }
    const length = output.length + 1;
    bias = adapt(position - before, length, before === 0);
    code += Math.floor(position / length);
    position %= length;
    if (code > 0x10_ffff) throw new MangledNameError("no Punycode");
    output.splice(position++, 0, String.fromCodePoint(code));
  }
  return output.join("");
}

function digitValue(digit: string | undefined): number {
  if (digit === undefined || !/^[0-9a-z]$/.test(digit)) throw new MangledNameError("no Punycode");
  return /[0-9]/.test(digit) ? Number(digit) + 26 : digit.charCodeAt(0) - 0x61;
}

function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2));
  rest += Math.floor(rest / length);
  let steps = 0;
  for (; rest > ((base - leastThreshold) * mostThreshold) / 2; steps += base) {
    rest = Math.floor(rest / (base - leastThreshold));
  }
  return steps + Math.floor(((base - leastThreshold + 1) * rest) / (rest + skew));
}
