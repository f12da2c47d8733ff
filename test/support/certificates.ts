import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its private key: the names of two files, in PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

const dayMilliseconds = 86_400_000;

/** From yesterday to tomorrow. */
export const currentValidity: Validity = {
  from: new Date(Date.now() - dayMilliseconds),
  to: new Date(Date.now() + dayMilliseconds),
};
export const expiredValidity: Validity = {
  from: new Date("2020-01-01T00:00:00Z"),
  to: new Date("2021-01-01T00:00:00Z"),
};
export const futureValidity: Validity = {
  from: new Date(Date.now() + 365 * dayMilliseconds),
  to: new Date(Date.now() + 730 * dayMilliseconds),
};

const configuration = `
[ca]
default_ca = default
[default]
database = index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = policy
unique_subject = no
x509_extensions = leaf
[policy]
commonName = supplied
[leaf]
subjectAltName = DNS:localhost,IP:127.0.0.1
`;

/** A certificate authority of openssl's, in a folder of its own. What it signs is for localhost and 127.0.0.1. */
export class CertificateAuthority {
  readonly #folder: string;

  constructor(parent: string, name: string) {
    this.#folder = join(parent, name);
    mkdirSync(this.#folder);
    writeFileSync(join(this.#folder, "configuration"), configuration);
    writeFileSync(join(this.#folder, "index"), "");
    selfSign(this.#folder, "ca");
  }

  get certificate(): string {
    return join(this.#folder, "ca.crt");
  }

  issue(name: string, validity: Validity = currentValidity): CertificateFiles {
    openssl(this.#folder, [
      "req",
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`],
    ]);
    openssl(this.#folder, [
      ...["ca", "-batch", "-notext", "-config", "configuration"],
      ...["-cert", "ca.crt", "-keyfile", "ca.key", "-in", `${name}.csr`, "-out", `${name}.crt`],
      ...["-startdate", formatDate(validity.from), "-enddate", formatDate(validity.to)],
    ]);
    return filesOf(this.#folder, name);
  }
}

/** A certificate that nobody but its own key has signed. */
export function selfSign(folder: string, name: string): CertificateFiles {
  openssl(folder, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", `/CN=${name}`, "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.crt`],
  ]);
  return filesOf(folder, name);
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

/** As openssl writes a GeneralizedTime: 20260131235959Z. */
function formatDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
}

function openssl(folder: string, args: readonly string[]): void {
  // It tells of its progress on standard error; execFileSync throws when it fails, with that.
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}
