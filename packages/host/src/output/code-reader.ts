import { type CodeType } from "../spec/value-type.js";
import { type DecodeContext } from "./decode-context.js";
import { errorText } from "./error-texts.js";
import { signalText } from "./signal-texts.js";
import { systemCallName } from "./system-call-names.js";
import { type ValueReader } from "./byte-source.js";

/** Makes the reader of numbers that stand for names. */
export function createCodeReader(
  { of: kind }: CodeType,
  { architecture }: Pick<DecodeContext, "architecture">,
  little: boolean,
): ValueReader {
  const name = (number: number): string => {
    switch (kind) {
      case "error":
        return errorText(number);
      case "signal":
        return signalText(number);
      case "systemCall":
        return systemCallName(architecture, number) ?? "Unknown syscall";
    }
  };
  return ({ view }, offset) => ({
    kind: "text",
    value: name(Number(BigInt.asIntN(32, view.getBigInt64(offset, little)))),
  });
}
