import { BackendError, reasonOf } from '@cf/core';

/** What brings a provider that is not there. */
const BROUGHT_BY: Readonly<Record<string, string>> = {
  webgpu:
    "onnxruntime-node has it on Linux x64, Windows and macOS arm64 (listSupportedBackends() tells); on Linux it needs the card's Vulkan driver and its loader (apt-get install libvulkan1) and XDG_RUNTIME_DIR set.",
  cuda: "on Linux x64 fetch onnxruntime-node's CUDA libraries with ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node, and install CUDA 12 and cuDNN 9 beside NVIDIA's driver.",
  dml: 'take onnxruntime-node on Windows, which has it for every card of DirectX 12.',
  coreml: 'take onnxruntime-node on macOS, which has it.',
};

/** The error of a provider that a runtime does not have here, with what brings it. */
export function absentProvider(provider: string, cause: unknown): BackendError {
  return new BackendError(
    `provider '${provider}' (${reasonText(cause)})`,
    'an execution provider that this runtime has here',
    BROUGHT_BY[provider] ?? "use 'cpu' (onnxruntime-node) or 'wasm' (onnxruntime-web).",
    cause,
  );
}

/** In a line, without the place in the runtime's own sources. */
function reasonText(cause: unknown): string {
  const [line = ''] = reasonOf(cause).split('\n');
  return line.replace(/^\/.* was false\. /, '');
}
