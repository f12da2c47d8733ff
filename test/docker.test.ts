import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { version } from "../packages/agent/src/program/version.js";
import { buildMicroAgent } from "./support/micro-agent.js";
import { requiresCommand, requiresFeature } from "./support/requires.js";
import { runSonde } from "./support/sonde.js";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "sonde-docker-"));
const storage = [
  ...["--root", join(folder, "store")],
  ...["--runroot", join(folder, "run")],
  ...["--storage-driver", "vfs"],
];
const isolation = ["--isolation", "chroot"];
const base = "localhost/sonde-test-base";
const agentProgram = "/opt/sonde/node_modules/@sonde/agent/dist/sonde-agent.cjs";
const hostProgram = "/opt/sonde/node_modules/@sonde/host/dist/sonde.cjs";
const timeoutMilliseconds = 400_000;
const program = 'BEGIN { printf("a container on %d\\n", 6 * 7); exit(); }';
/** As docker/agent.Dockerfile names them. */
const leastCapabilities = ["BPF", "PERFMON", "DAC_READ_SEARCH", "SYS_PTRACE", "SYSLOG"].map(
  (name) => `--cap-add=CAP_${name}`,
);

function buildah(command: string, ...args: readonly string[]): string {
  return execFileSync("buildah", [...storage, command, ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** Node and the libraries it needs, of Debian's libc6, libstdc++6 and libgcc-s1: nothing else, not even a shell. */
function buildBase(): void {
  const rootfs = join(folder, "rootfs");
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  for (const path of [process.execPath, ...(libraries.match(/\/\S+/g) ?? [])]) {
    mkdirSync(join(rootfs, dirname(path)), { recursive: true });
    cpSync(realpathSync(path), join(rootfs, path));
  }
  mkdirSync(join(rootfs, "tmp"));
  const container = buildah("from", "scratch");
  buildah("copy", "--quiet", container, rootfs, "/");
  buildah("config", "--env", `PATH=${dirname(process.execPath)}`, container);
  buildah("commit", "--quiet", "--rm", container, base);
}

function buildImage(name: "agent" | "agent-node" | "host"): string {
  const image = `localhost/sonde-test-${name}`;
  const file = join("docker", `${name}.Dockerfile`);
  buildah("build", "--quiet", ...isolation, "--build-arg", `BASE=${base}`, "-f", file, "-t", image);
  // The engine's own filter lets only whoever has CAP_SYS_ADMIN call bpf(2); the others have it.
  const filter = name === "agent" ? ["--security-opt", "seccomp=unconfined"] : [];
  return buildah("from", ...filter, image);
}

function runIn(container: string, ...args: readonly string[]): string {
  const capabilities = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON"].flatMap((one) => [
    "--cap-add",
    one,
  ]);
  return buildah("run", ...isolation, ...capabilities, container, "--", "node", ...args);
}

/** requiresFeature of nothing is a skip that asks for root. */
const buildahTest =
  process.getuid?.() === 0 ? requiresCommand("buildah", "buildah") : requiresFeature();

describe("the container images", () => {
  let agent = "";
  let host = "";
  buildahTest(
    "are built on a base of the builder's choice",
    () => {
      buildBase();
      agent = buildImage("agent-node");
      host = buildImage("host");
    },
    timeoutMilliseconds,
  );

  buildahTest(
    "that of the micro agent has one file, which traces",
    async () => {
      await buildMicroAgent();
      const container = buildImage("agent");
      const mounted = buildah("mount", container);
      expect(readdirSync(mounted)).toEqual(["sonde-agent"]);
      buildah("umount", container);
      const command = [...storage, "run", ...isolation, ...leastCapabilities, container];
      const target = `exec:buildah ${command.join(" ")} -- /sonde-agent --stdio`;
      const traced = await runSonde(["trace", "-t", target, "-e", program]);
      expect(traced.errors + traced.output).toContain("a container on 42");
    },
    timeoutMilliseconds,
  );

  buildahTest("that of Node's agent starts", () => {
    expect(runIn(agent, agentProgram, "--version")).toBe(`sonde-agent ${version}`);
  });

  buildahTest("the host's traces the machine it runs on with the agent in it", () => {
    expect(runIn(host, hostProgram, "trace", "-e", program)).toBe("a container on 42");
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
