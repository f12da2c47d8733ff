/** Lines that only count what the verifier did. */
const isStatistics = (line: string): boolean =>
  /^(processed \d+ insns|verification time|stack depth|max_states)/.test(line);

/**
 * The telling end of a verifier log: its last line that says why, the instruction before it, and how much was left out.
 */
export function summarizeVerifierLog(log: string): string {
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.filter((line) => !isStatistics(line));
  const shown = telling.slice(-2);
  const omitted = lines.length - shown.length;
  const rest = omitted > 0 ? `  (${omitted} lines omitted; --verifier-log shows all)\n` : "";
  return shown.map((line) => `  ${line}\n`).join("") + rest;
}
