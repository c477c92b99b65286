// onnxruntime-web finds its WebAssembly beside itself.
export default { base: './', build: { target: 'es2023' }, optimizeDeps: { exclude: ['onnxruntime-web'] } };
