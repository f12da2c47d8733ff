import { ConnectError } from "./errors.js";

/** What the tools that lead to boards say when they do not get there, and what helps. */
const hints: readonly { readonly pattern: RegExp; readonly hint: string }[] = [
  {
    pattern: /exit code 12[67]\b/,
    hint: "put an agent there with: sonde agent push -t TARGET",
  },
  {
    pattern: /not an agent: it answered/,
    hint: "its shell prints something when it starts (in ~/.profile or ~/.bashrc): let it do so on terminals only, [ -t 1 ]",
  },
  {
    pattern: /no such program on this machine/,
    hint: "install it, or add its folder to PATH",
  },
  {
    pattern: /permission denied \(.*(password|publickey|keyboard)/i,
    hint: "ssh would ask for a password, which sonde cannot pass on: set up a key (ssh-copy-id) or an ssh-agent",
  },
  {
    pattern: /host key verification failed/i,
    hint: "connect once by hand with ssh, which shows you the board's key and keeps it",
  },
  { pattern: /device unauthorized/, hint: "allow this computer on the device's screen" },
  {
    pattern: /more than one device/,
    hint: "name one of them: adb://SERIAL (adb devices lists them)",
  },
  {
    pattern: /no devices\/emulators found|device '.*' not found/,
    hint: "is it plugged in, with debugging allowed? adb devices lists what is there",
  },
];

/** The error for a target of which this much is known, with a hint where one helps. */
export function explainedError(target: string, said: string, cause: unknown): ConnectError {
  const hint = hints.find(({ pattern }) => pattern.test(said))?.hint.replace("TARGET", target);
  return new ConnectError(`${target}: ${said}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
