import { NotApplicable } from "./check.js";

/**
 * Throws NotApplicable when what was said is that the kernel has no kretprobes where ftrace has its sites, at the beginning of
 * nearly all functions: riscv64's.
 *
 * @param {import("../board-under-test.js").BoardUnderTest} on
 * @param {string} said
 */
export async function requireKretprobes(on, said) {
  const refusal = /attach kretprobe .*EINVAL/.exec(said)?.[0];
  if (refusal === undefined) return;
  const config = await on.machine.shell(
    "grep -E '^CONFIG_(KPROBES_ON|DYNAMIC)_FTRACE=y' /boot/config-*",
  );
  if (config.trim() !== "CONFIG_DYNAMIC_FTRACE=y") return;
  throw new NotApplicable(`${refusal}; it takes: CONFIG_KPROBES_ON_FTRACE=y`);
}
