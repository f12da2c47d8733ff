import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";

/** What a service of a compose file may have here. */
interface ServiceText {
  readonly build: {
    readonly context: string;
    readonly dockerfile: string;
    readonly args: Readonly<Record<string, string>>;
  };
  readonly image: string;
  readonly command: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode: string;
  readonly pid?: string;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly read_only: boolean;
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[];
  readonly restart?: string;
}

/** Another key is refused, so that none goes untested. */
const knownKeys: ReadonlySet<string> = new Set([
  ...["build", "image", "command", "volumes", "network_mode", "pid", "cap_drop", "cap_add"],
  ...["security_opt", "read_only", "tmpfs", "environment", "depends_on", "restart"],
]);

interface ComposeText {
  readonly name: string;
  readonly services: Readonly<Record<string, ServiceText>>;
  readonly volumes: Readonly<
    Record<
      string,
      { readonly driver: string; readonly driver_opts: Readonly<Record<string, string>> }
    >
  >;
}

/** A compose file as arguments of buildah's and podman's, which is what podman-compose makes of it. */
export class ComposeFile {
  readonly #folder: string;
  readonly #text: ComposeText;

  constructor(path: string, settings: Readonly<Record<string, string>>) {
    const text = readFileSync(path, "utf8").replaceAll(
      /\$\{(\w+):-([^}]*)\}/g,
      (_, name: string, otherwise: string) => settings[name] ?? otherwise,
    );
    this.#folder = dirname(path);
    // As it is said above: what is not so makes a command that fails.
    this.#text = parse(text) as ComposeText;
  }

  /** Each after those that it depends on: in the order of the file. */
  get services(): string[] {
    const names = Object.keys(this.#text.services);
    for (const name of names) {
      const late = (this.#service(name).depends_on ?? []).filter(
        (other) => names.indexOf(other) > names.indexOf(name),
      );
      if (late.length > 0) throw new Error(`${name} stands before ${late.join(", ")}`);
    }
    return names;
  }

  imageOf(name: string): string {
    return this.#service(name).image;
  }

  /** For `buildah build`. */
  buildArguments(name: string): string[] {
    const { build, image } = this.#service(name);
    const context = join(this.#folder, build.context);
    const args = Object.entries(build.args).flatMap((pair) => ["--build-arg", pair.join("=")]);
    return [...args, "--file", join(context, build.dockerfile), "--tag", image, context];
  }

  /** For `podman volume create`, of each volume. */
  get volumeArguments(): string[][] {
    return Object.entries(this.#text.volumes).map(([name, { driver, driver_opts: options }]) => [
      ...["--driver", driver],
      ...Object.entries(options).flatMap((pair) => ["--opt", pair.join("=")]),
      name,
    ]);
  }

  /** For `podman run`: with another command, when one is said. */
  runArguments(name: string, command?: readonly string[]): string[] {
    const service = this.#service(name);
    const unknown = Object.keys(service).filter((key) => !knownKeys.has(key));
    if (unknown.length > 0) throw new Error(`service ${name}: ${unknown.join(", ")}`);
    const { image, command: own, network_mode: network, pid, restart } = service;
    const each = (option: string, values: readonly string[]): string[] =>
      values.flatMap((value) => [option, value]);
    return [
      ...["--name", name, "--network", network.replace(/^service:/, "container:")],
      ...each("--volume", service.volumes ?? []),
      ...each("--cap-drop", service.cap_drop),
      ...each("--cap-add", service.cap_add ?? []),
      ...each("--security-opt", service.security_opt),
      ...each("--tmpfs", service.tmpfs ?? []),
      ...each(
        "--env",
        Object.entries(service.environment ?? {}).map((pair) => pair.join("=")),
      ),
      ...(pid === undefined ? [] : ["--pid", pid]),
      ...(restart === undefined ? [] : ["--restart", restart]),
      ...(service.read_only ? ["--read-only"] : []),
      image,
      ...(command ?? own),
    ];
  }

  #service(name: string): ServiceText {
    const found = this.#text.services[name];
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  }
}
