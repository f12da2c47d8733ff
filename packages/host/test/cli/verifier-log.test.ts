import { expect, test } from "@jest/globals";
import { summarizeVerifierLog } from "../../src/cli/verifier-log.js";

test("the last telling line and the one before are shown, with how many were left out", () => {
  const log = [
    "0: R1=ctx() R10=fp0",
    "0: (79) r0 = *(u64 *)(r1 +4096)",
    "invalid bpf_context access off=4096 size=8",
    "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0",
    "",
  ].join("\n");
  expect(summarizeVerifierLog(log)).toBe(
    "  0: (79) r0 = *(u64 *)(r1 +4096)\n" +
      "  invalid bpf_context access off=4096 size=8\n" +
      "  (2 lines omitted; --verifier-log shows all)\n",
  );
});
