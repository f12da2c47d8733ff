import { agentRuntimeLayers, layers, packageOwners, pureHostLayers } from "./scripts/layers.js";

const anyOf = (names) => `(${names.join("|")})`;
const pureHost = `^packages/host/src/${anyOf(pureHostLayers)}/`;
const agentRuntime = `^packages/agent/src/${anyOf(agentRuntimeLayers)}/`;

const layerRules = Object.entries(layers).flatMap(([name, table]) =>
  Object.entries(table).map(([layer, allowed]) => ({
    name: `${name}/${layer}`,
    comment: `${layer}/ may import only ${["itself", ...allowed].join(", ")}`,
    from: { path: `^packages/${name}/src/${layer}/` },
    to: {
      path: `^packages/${name}/src/`,
      pathNot: `^packages/${name}/src/${anyOf([layer, ...allowed])}(/|$)`,
    },
  })),
);

const ownerRules = Object.entries(packageOwners).map(([name, owner]) => ({
  name: `owner-of-${name}`,
  comment: `${name} is imported in ${owner} only`,
  from: { path: "^packages/[^/]+/src/", pathNot: owner },
  to: { path: `(^|node_modules/)${name}(/|$)` },
}));

/** The rules that no table can say. */
const otherRules = [
  {
    name: "pure-layers",
    comment: "bytes and text in, values out: no Node modules",
    from: { path: pureHost },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "pure-layers-know-no-wire",
    comment: "only session and cli speak the protocol",
    from: { path: pureHost },
    to: { path: "^packages/protocol/" },
  },
  {
    name: "engine-neutral-protocol",
    comment: "the protocol runs in engines that have no Node modules",
    from: { path: "^packages/protocol/src/" },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "engine-neutral-agent",
    comment: `of the agent only ${agentRuntimeLayers.join(" and ")} know Node`,
    from: { path: "^packages/agent/src/", pathNot: agentRuntime },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "agent-core-sees-the-interface",
    comment: "the core sees system/system.ts, never an implementation of it",
    from: {
      path: "^packages/agent/src/",
      pathNot: [agentRuntime, "^packages/agent/src/(system/)?micro/"],
    },
    to: { path: "^packages/agent/src/system/(node|micro)/" },
  },
  {
    name: "agent-and-host-apart",
    comment: "what both know is in protocol",
    from: { path: "^packages/(agent|host)/" },
    to: { path: "^packages/(agent|host)/", pathNot: "^packages/$1/" },
  },
  {
    name: "protocol-is-the-root",
    comment: "protocol knows neither side",
    from: { path: "^packages/protocol/" },
    to: { path: "^packages/(agent|host)/" },
  },
  {
    name: "no-source-imports-tests",
    from: { path: "^packages/[^/]+/src/" },
    to: { path: "(^|/)test/" },
  },
  { name: "no-cycles", from: {}, to: { circular: true } },
  { name: "resolvable", from: {}, to: { couldNotResolve: true } },
  {
    name: "no-undeclared-packages",
    comment: "what a package imports is in its own package.json",
    from: { path: "^packages/[^/]+/src/" },
    to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
  },
];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [...layerRules, ...ownerRules, ...otherRules].map((rule) => ({
    severity: "error",
    ...rule,
  })),
  options: {
    // Type-only imports count too: a type of a higher layer is still knowledge of it.
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)packages/[^/]+/dist/" },
    tsConfig: { fileName: `${import.meta.dirname}/tsconfig.base.json` },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["sonde-source", "types", "import", "node", "default"],
    },
  },
};
