export { minimumKeySizeBytes } from "./auth.js";
export { AgentPeer, type SessionFinder } from "./agent-peer.js";
export {
  type AgentPeerLimits,
  type AgentPeerOptions,
  type RequestContext,
  type RequestHandlers,
  type SessionMethod,
} from "./agent-peer-options.js";
export { type BtfAnswer, type BtfQuestion } from "./btf-types.js";
export * from "./cancel.js";
export * from "./channel.js";
export { checkParams, checkResult, isErrorCode, isHandle } from "./checks.js";
export * from "./credit.js";
export * from "./errors.js";
export * from "./handles.js";
export * from "./host-peer.js";
export * from "./in-process.js";
export * from "./key-file.js";
export { type Clock, type Line } from "./link/line.js";
export { describeNoise, type NoiseReport } from "./link/line-noise.js";
export { type LinkReport } from "./link/link.js";
export { type LinkEnd } from "./link/link-state.js";
export { type LineChannel, LinkEndpoint, type LinkEndpointOptions } from "./link/link-channel.js";
export * from "./methods.js";
export * from "./open-session.js";
export * from "./plan.js";
export { setSha256Compression, Sha256 } from "./sha256.js";
export * from "./stream.js";
export { type StreamReceiver } from "./stream-router.js";
export * from "./target.js";
export { protocolVersion } from "./version.js";
export * from "./wire-error.js";
export { joinBytes } from "./join-bytes.js";
export { lazily } from "./lazily.js";
export { decodeUtf8, encodeUtf8 } from "./utf8.js";
export { closeCodes, FrameFault, FrameReader, opcodes } from "./websocket/frame-reader.js";
export { decodeClose, encodeClose, encodeFrameHeader } from "./websocket/frames.js";
