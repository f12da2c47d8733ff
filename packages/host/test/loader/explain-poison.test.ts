import { describe, expect, test } from "@jest/globals";
import { RemoteError } from "@sonde/protocol";
import { explainPoison } from "../../src/loader/explain-poison.js";

const poisoned = new Map([
  ["handle_entry", new Map([[3, "offset of struct a.b: the target has no such thing"]])],
  ["tracepoint__syscalls__sys_exit_open", new Map([[10, "offset of struct c.d: 4 bytes"]])],
]);

function refusal(log: string, name = "tracepoint__sys"): RemoteError {
  const message = `load program "${name}": the verifier refused it: EINVAL`;
  return new RemoteError({ code: "verifier", message, log });
}

describe("a program that the verifier refuses", () => {
  test("is told what it lacks, when it comes to that", () => {
    const error = refusal(
      "9: (15) if r8 == 0x0 goto pc+195\n10: (85) call unknown#195896080\ninvalid func unknown#195896080\n",
    );
    expect(explainPoison(error, poisoned)?.message).toBe(
      "program tracepoint__syscalls__sys_exit_open: it comes to offset of struct c.d: 4 bytes",
    );
  });

  test("is told what the verifier says otherwise", () => {
    expect(explainPoison(refusal("3: (79) r1 = *(u64 *)(r2 +0)\nR2 invalid\n"), poisoned)).toBe(
      undefined,
    );
    const elsewhere = refusal("10: (85) call unknown#195896080\n", "handle_entry");
    expect(explainPoison(elsewhere, poisoned)).toBe(undefined);
    expect(explainPoison(new Error("no"), poisoned)).toBe(undefined);
  });
});
