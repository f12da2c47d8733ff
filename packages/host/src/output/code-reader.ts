import { type CodeType } from "../spec/value-type.js";
import { codeName } from "../text/code-names.js";
import { type DecodeContext } from "./decode-context.js";
import { type ValueReader } from "./byte-source.js";

/** Makes the reader of numbers that stand for names. */
export function createCodeReader(
  { of: kind }: CodeType,
  { architecture }: Pick<DecodeContext, "architecture">,
  little: boolean,
): ValueReader {
  return ({ view }, offset) => ({
    kind: "text",
    value: codeName(
      kind,
      architecture,
      Number(BigInt.asIntN(32, view.getBigInt64(offset, little))),
    ),
  });
}
