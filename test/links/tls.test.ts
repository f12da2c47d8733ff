import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { Session } from "../../packages/host/src/session/session.js";
import { type TlsOptions } from "../../packages/host/src/session/tls-options.js";
import {
  CertificateAuthority,
  type CertificateFiles,
  expiredValidity,
  futureValidity,
  selfSign,
} from "../support/certificates.js";
import {
  nodeAgentCommand,
  type RunningCommand,
  RunningProgram,
  startNodeAgent,
} from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const withCertificates = requiresCommand("openssl", "openssl");
const tracing = requiresCommand("openssl", "openssl", "tracepoint", "raw_tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-tls-"));
const agents: RunningCommand[] = [];
const proxies: Server[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) agent.kill("SIGKILL");
  for (const proxy of proxies.splice(0)) proxy.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const made = new Map<string, CertificateFiles>();
let authority: CertificateAuthority | undefined;

/** Made when the first test asks, and the same for all of them. */
function ca(): CertificateAuthority {
  authority ??= new CertificateAuthority(folder, "ca");
  return authority;
}

function certificate(name: string, make: (name: string) => CertificateFiles): CertificateFiles {
  const files = made.get(name) ?? make(name);
  made.set(name, files);
  return files;
}

const ofBoard = (): CertificateFiles => certificate("board", (name) => ca().issue(name));
const ofUser = (): CertificateFiles => certificate("user", (name) => ca().issue(name));
const selfSigned = (): CertificateFiles => certificate("self", (name) => selfSign(folder, name));
const expired = (): CertificateFiles =>
  certificate("old", (name) => ca().issue(name, expiredValidity));
const notYetValid = (): CertificateFiles =>
  certificate("young", (name) => ca().issue(name, futureValidity));

const keyFile = join(folder, "key");
const key = randomBytes(32);
writeFileSync(keyFile, key.toString("hex"), { mode: 0o600 });

interface RunningAgent {
  readonly agent: RunningCommand;
  /** wss://127.0.0.1:PORT */
  readonly target: string;
}

async function listen(own: CertificateFiles, ...more: readonly string[]): Promise<RunningAgent> {
  return await listenOn("wss://127.0.0.1:0", own, ...more);
}

async function listenOn(
  url: string,
  own: CertificateFiles,
  ...more: readonly string[]
): Promise<RunningAgent> {
  const tls = ["--tls-cert", own.certificate, "--tls-key", own.key];
  const started = await startNodeAgent("--listen", url, ...tls, ...more);
  agents.push(started.agent);
  return started;
}

function pinOf({ agent }: RunningAgent): string {
  return /--pin (sha256:[0-9a-f]{64})$/m.exec(agent.errors)?.[1] ?? "";
}

/** Opens a session and closes it again. */
async function visit(target: string, tls: TlsOptions, sharedKey?: Uint8Array): Promise<void> {
  const session = await Session.open(target, {
    tls,
    ...(sharedKey === undefined ? {} : { key: sharedKey }),
  });
  expect(session.description.release).not.toBe("");
  await session.close();
}

/** Someone in between who ends TLS towards both sides and passes on what they say. */
async function startManInTheMiddle(target: string, own: CertificateFiles): Promise<string> {
  const agentPort = Number(new URL(target).port);
  const credentials = { cert: readFileSync(own.certificate), key: readFileSync(own.key) };
  const server = createTlsServer(credentials, (towardsHost) => {
    const towardsAgent = connectTls({ port: agentPort, rejectUnauthorized: false });
    towardsHost.pipe(towardsAgent).pipe(towardsHost);
    towardsHost.on("error", () => towardsAgent.destroy());
    towardsAgent.on("error", () => towardsHost.destroy());
  });
  proxies.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a host over TLS", () => {
  tracing("traces", async () => {
    const board = await listen(ofBoard());
    const args = ["-t", board.target, "--ca", ca().certificate];
    const program = 'BEGIN { printf("in\\n"); }';
    expect(await runSonde(["trace", ...args, "-e", program])).toMatchObject({
      code: 0,
      output: "in\n\n\n",
    });
  });

  withCertificates("believes a certificate of the CA that it was given", async () => {
    const { target } = await listen(ofBoard());
    await visit(target, { caFile: ca().certificate });
    await visit(target.replace("127.0.0.1", "localhost"), { caFile: ca().certificate });
  });

  const distrusted = [
    { name: "expired", files: expired, fault: /has expired: it was valid to Jan {2}1 .* 2021/ },
    { name: "not valid yet", files: notYetValid, fault: /is not valid yet/ },
    { name: "signed by itself", files: selfSigned, fault: /is signed by nobody but itself/ },
  ];
  for (const { name, files, fault } of distrusted) {
    withCertificates(`with a CA does not believe a certificate that is ${name}`, async () => {
      const { target } = await listen(files());
      const tls = { caFile: ca().certificate };
      // A key does not make up for the CA that was asked for.
      for (const given of [undefined, key]) {
        await expect(visit(target, tls, given)).rejects.toMatchObject({
          name: "ConnectError",
          message: expect.stringMatching(fault),
        });
      }
    });
  }

  withCertificates("does not believe another CA's, nor one for another name", async () => {
    const other = new CertificateAuthority(folder, "other-ca");
    const { target } = await listen(ofBoard());
    await expect(visit(target, { caFile: other.certificate })).rejects.toThrow(
      /not signed by a CA/,
    );
    const elsewhere = await listenOn("wss://127.0.0.2:0", ofBoard());
    const visiting = visit(elsewhere.target, { caFile: ca().certificate });
    await expect(visiting).rejects.toThrow(/is for another name/);
  });

  withCertificates("with neither CA, pin nor key is told which pin to check", async () => {
    const board = await listen(selfSigned());
    const { code, errors } = await runSonde(["info", "-t", board.target]);
    expect(code).toBe(2);
    expect(errors).toMatch(
      /^sonde: wss:\/\/127\.0\.0\.1:\d+: the agent's certificate is signed by/,
    );
    expect(errors).toMatch(/^HINT: .*--ca.*--key-file.*sonde-agent pin/m);
    expect(errors).toContain(`--pin ${pinOf(board)}`);
  });

  withCertificates("believes the pin that the agent prints, whatever the dates", async () => {
    for (const files of [selfSigned(), expired()]) {
      const board = await listen(files);
      await visit(board.target, { pin: pinOf(board) });
      await visit(board.target, { pin: pinOf(board).toUpperCase().replace("SHA256", "sha256") });
      const printed = new RunningProgram(nodeAgentCommand, ["pin", files.certificate]);
      await printed.closed;
      expect(printed.output).toBe(`${pinOf(board)}\n`);
    }
  });

  withCertificates("does not believe another pin, not even with a key", async () => {
    const board = await listen(selfSigned(), "--key-file", keyFile);
    const pin = pinOf(await listen(ofBoard()));
    await expect(visit(board.target, { pin }, key)).rejects.toMatchObject({
      name: "ConnectError",
      message: expect.stringContaining(`not the pinned agent, its pin is ${pinOf(board)}`),
    });
  });

  withCertificates("with pin and CA asks for both", async () => {
    const board = await listen(expired());
    const tls = { pin: pinOf(board), caFile: ca().certificate };
    await expect(visit(board.target, tls)).rejects.toThrow(/has expired/);
  });

  withCertificates("with a key alone believes the agent that has it", async () => {
    const board = await listen(selfSigned(), "--key-file", keyFile);
    await visit(board.target, {}, key);
    await expect(visit(board.target, {}, randomBytes(32))).rejects.toThrow(/not have the same key/);
  });

  withCertificates("with a key alone does not talk to an agent that has none", async () => {
    const board = await listen(selfSigned());
    await expect(visit(board.target, {}, key)).rejects.toThrow(/the agent has none/);
  });

  withCertificates("with a key alone finds out who ends TLS in between", async () => {
    const board = await listen(selfSigned(), "--key-file", keyFile);
    const between = await startManInTheMiddle(
      board.target,
      certificate("eve", (name) => selfSign(folder, name)),
    );
    await expect(visit(between, {}, key)).rejects.toMatchObject({
      name: "HandshakeError",
      message: expect.stringContaining("the TLS connection does not end at it"),
    });
    // With the board's own certificate and key, too: then it is the binding alone that differs.
    const twin = await startManInTheMiddle(board.target, selfSigned());
    await expect(visit(twin, { pin: pinOf(board) }, key)).rejects.toThrow(/does not end at it/);
    await visit(board.target, {}, key);
  });

  withCertificates("says so when the other side does not speak TLS, or only that", async () => {
    const plain = await startNodeAgent("--listen", "ws://127.0.0.1:0");
    agents.push(plain.agent);
    const board = await listen(selfSigned());
    await expect(visit(plain.target.replace("ws:", "wss:"), {}, key)).rejects.toMatchObject({
      message: expect.stringContaining("does not speak TLS"),
      hint: expect.stringContaining("ws://"),
    });
    const session = Session.open(board.target.replace("wss:", "ws:"));
    await expect(session).rejects.toMatchObject({ hint: expect.stringContaining("wss://") });
  });

  withCertificates("refuses options that make no sense", async () => {
    const user = ofUser();
    const board = selfSigned();
    const wrong: { target?: string; tls: TlsOptions; message: RegExp }[] = [
      { tls: { pin: "sha256:12" }, message: /^pin sha256:12: not a pin/ },
      { tls: { certFile: user.certificate }, message: /go together/ },
      {
        tls: { certFile: user.certificate, certKeyFile: board.key },
        message: /key values mismatch/,
      },
      { tls: { caFile: user.key }, message: /no certificate in it/ },
      { tls: { caFile: join(folder, "none") }, message: /ENOENT/ },
      { target: "local:", tls: { pin: "sha256:12" }, message: /are for wss:\/\// },
    ];
    for (const { target = "wss://127.0.0.1:1", tls, message } of wrong) {
      await expect(visit(target, tls)).rejects.toMatchObject({
        name: "TargetError",
        message: expect.stringMatching(message),
      });
    }
  });
});

describe("an agent that asks for client certificates", () => {
  const asking = async (): Promise<RunningAgent> =>
    await listen(ofBoard(), "--tls-client-ca", ca().certificate);
  const tlsOf = ({ certificate: certFile, key: certKeyFile }: CertificateFiles): TlsOptions => ({
    caFile: ca().certificate,
    certFile,
    certKeyFile,
  });

  withCertificates("lets in who has one of its CA", async () => {
    const { target } = await asking();
    await visit(target, tlsOf(ofUser()));
    const { certificate: cert, key: certKey } = ofUser();
    const args = ["--ca", ca().certificate, "--cert", cert, "--cert-key", certKey];
    expect(await runSonde(["info", "-t", target, ...args])).toMatchObject({ code: 0 });
  });

  const refused = [
    { name: "none", files: undefined, fault: /a client certificate is asked for, and none came/ },
    { name: "one of its own making", files: selfSigned, fault: /not one of this agent's CA/ },
    { name: "an expired one", files: expired, fault: /has expired: valid to Jan {2}1 .* 2021/ },
    { name: "one that is not valid yet", files: notYetValid, fault: /is not valid yet/ },
  ];
  for (const { name, files, fault } of refused) {
    withCertificates(`tells who has ${name} why they are not let in`, async () => {
      const { target } = await asking();
      const tls = files === undefined ? { caFile: ca().certificate } : tlsOf(files());
      await expect(visit(target, tls)).rejects.toMatchObject({
        name: "ConnectError",
        message: expect.stringMatching(fault),
      });
      await visit(target, tlsOf(ofUser()));
    });
  }

  withCertificates("and for a key asks for both", async () => {
    const ways = ["--tls-client-ca", ca().certificate, "--key-file", keyFile];
    const { target } = await listen(ofBoard(), ...ways);
    await visit(target, tlsOf(ofUser()), key);
    await expect(visit(target, tlsOf(ofUser()))).rejects.toThrow(/asks for a key/);
    await expect(visit(target, { caFile: ca().certificate }, key)).rejects.toThrow(/none came/);
  });
});

describe("an agent's TLS", () => {
  withCertificates("is 1.3 or nothing", async () => {
    const { target } = await listen(selfSigned());
    const port = Number(new URL(target).port);
    const socket = connectTls({ port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    const error = await new Promise((resolve) => socket.once("error", resolve));
    expect(error).toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
  });

  const starts = [
    {
      name: "without a key or a client CA a public address is refused",
      args: () => ["--tls-cert", ofBoard().certificate, "--tls-key", ofBoard().key],
      code: 2,
      said: /wss:\/\/0\.0\.0\.0:0: without a key.*\n\(.*--tls-client-ca/,
    },
    {
      name: "a key of another certificate is refused",
      args: () => ["--tls-cert", ofBoard().certificate, "--tls-key", ofUser().key],
      code: 1,
      said: /TLS key \S+ is not the key of \S+/,
    },
    {
      name: "a file without a certificate is refused",
      args: () => ["--tls-cert", ofBoard().key, "--tls-key", ofBoard().key],
      code: 1,
      said: /there is no certificate in it/,
    },
    {
      name: "a client CA that is none is refused",
      args: () => [
        ...["--tls-cert", ofBoard().certificate, "--tls-key", ofBoard().key],
        ...["--tls-client-ca", keyFile],
      ],
      code: 1,
      said: /client CA \S+: there is no certificate in it/,
    },
    {
      name: "a key that everybody can read is refused",
      args: () => {
        const open = selfSign(folder, "open");
        chmodSync(open.key, 0o644);
        return ["--tls-cert", open.certificate, "--tls-key", open.key];
      },
      code: 1,
      said: /TLS key \S+ is open to every user/,
    },
  ];
  for (const { name, args, code, said } of starts) {
    withCertificates(name, async () => {
      const agent = new RunningProgram(nodeAgentCommand, [
        "--listen",
        "wss://0.0.0.0:0",
        ...args(),
      ]);
      agents.push(agent);
      await agent.closed;
      expect(await agent.ended).toBe(code);
      expect(agent.errors).toMatch(said);
    });
  }

  withCertificates("a client CA will do for a public address", async () => {
    const authorities = ["--tls-client-ca", ca().certificate];
    const { target } = await listenOn("wss://0.0.0.0:0", ofBoard(), ...authorities);
    expect(target).toMatch(/^wss:\/\/0\.0\.0\.0:\d+$/);
  });

  withCertificates("its own expired certificate is warned of at the start", async () => {
    const { agent } = await listen(expired());
    expect(agent.errors).toMatch(/warning: the certificate in \S+ has expired: valid to Jan {2}1/);
    expect((await listen(ofBoard())).agent.errors).not.toContain("warning");
  });
});
