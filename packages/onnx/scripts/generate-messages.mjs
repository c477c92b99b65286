// Writes src/model/messages/onnx_pb.{js,d.ts} from ONNX's own onnx.proto beside them.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../src/model/messages/', import.meta.url));
const template = {
  version: 'v2',
  inputs: [{ directory: '.' }],
  // JavaScript with declarations: TypeScript's enums would not survive the stripping of types.
  plugins: [{ local: 'protoc-gen-es', out: '.', opt: ['target=js+dts', 'import_extension=js'] }],
};
execFileSync('buf', ['generate', '--template', JSON.stringify(template)], { cwd: folder, stdio: 'inherit' });

// Bytes that were read are never shared memory; as in the arrays of this package.
const declarations = `${folder}onnx_pb.d.ts`;
const text = readFileSync(declarations, 'utf8');
writeFileSync(declarations, text.replace(/Uint8Array(?!<)/g, 'Uint8Array<ArrayBuffer>'));
