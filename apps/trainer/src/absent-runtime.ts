/**
 * What to tell where onnxruntime-node is not there, or not whole: its install script fetches the libraries of CUDA from NuGet,
 * and where that can't be reached some package managers leave the package out, or half of it.
 *
 * @param error of loading the program
 * @returns undefined for any other error
 */
export function absentRuntime(error: unknown): string | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing =
    code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';
  if (!missing || !/onnxruntime[-_](?:node|binding|common)/.test(String(message))) return undefined;
  const [reason] = String(message).split('\n');
  return `onnxruntime-node can't be loaded (${reason})
Fix: install once more with ONNXRUNTIME_NODE_INSTALL=skip set: its script fetches libraries of CUDA from NuGet, which the processor needs none of.
`;
}
