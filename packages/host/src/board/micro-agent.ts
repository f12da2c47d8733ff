import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { hostVersion } from "../session/version.js";
import { type PayloadKind } from "./payload-kind.js";

/** Processors as uname -m names them, and as Node does. Of mips it does not tell the order of bytes. */
const processors: readonly (readonly [RegExp, string])[] = [
  [/^x86_64$/, "x64"],
  [/^aarch64$/, "arm64"],
  [/^armv[78]l$/, "arm"],
  [/^i[56]86$/, "ia32"],
  [/^riscv64$/, "riscv64"],
  [/^ppc64le$/, "ppc64"],
  [/^s390x$/, "s390x"],
];

/** Where `npm run build:micro` puts agents: one static program for each processor. */
export function microAgentFolder(): string {
  const program = createRequire(import.meta.url).resolve("@sonde/agent/program");
  return join(dirname(program), "micro");
}

/** The micro agent, for boards whose processor it was built for. */
export function microAgentIn(folder: string): PayloadKind {
  return {
    choose({ machine }) {
      const processor = processors.find(([pattern]) => pattern.test(machine))?.[1];
      const path = join(folder, `sonde-agent-${processor ?? ""}`);
      if (processor === undefined || !existsSync(path)) {
        return {
          kind: "lack",
          what: `the micro agent is not built for the board (${machine})`,
          hint:
            processor === undefined
              ? "build it for the board's processor, and copy it there by hand: docs/micro-agent.md"
              : `in the checkout: sonde agent build ${processor}`,
        };
      }
      return {
        kind: "payload",
        name: `sonde-agent ${hostVersion}, micro, ${processor}`,
        files: [{ name: "sonde-agent", mode: 0o700, bytes: readFileSync(path) }],
      };
    },
  };
}
