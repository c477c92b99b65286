import { LOSS_NAMES } from '@cf/core';
import type { GoldenFile } from '../goldens/golden-file.ts';
import { SPECIMENS } from '../problems/specimens.ts';

/** Backends that every loss runs on. */
const BACKENDS = [
  'reference (float64)',
  'tfjs cpu, wasm (float32)',
  'gpu.js cpu, webasm, webgpu (float32)',
  'onnx cpu, webgpu (float32)',
];

/** What is proved otherwise than by goldens and laws. */
const ORACLES: Readonly<Record<string, string>> = {
  sphereface: 'oracle (annealing)',
  'elastic-arcface': 'oracle (“+” of the paper)',
  'elastic-cosface': 'oracle (“+” of the paper)',
};

/**
 * The page that says what runs where: a row a loss of the registry, with the golden cases that it is replayed on and the
 * forms in which the laws try it.
 */
export function featuresPage({ cases }: GoldenFile): string {
  const goldens = (of: (entry: GoldenFile['cases'][number]) => boolean): number => cases.filter(of).length;
  const rows = LOSS_NAMES.map((name) => {
    const count = goldens(({ loss }) => loss === name);
    const forms = SPECIMENS.filter((specimen) => isOf(specimen.create().name, name)).length;
    return [name, proofOf(count, forms, ORACLES[name])];
  });
  const smoothed = goldens(({ params }) => params.labelSmoothing !== undefined);
  const centers = goldens(({ params }) => params.subCenters !== undefined);
  const smoothedForms = SPECIMENS.filter(({ name }) => name.includes('smoothed')).length;
  const shared = [
    ['label smoothing, on any softmax', proofOf(smoothed, smoothedForms)],
    ['sub-centers, with any loss', `${centers} golden cases, laws with every loss`],
    ['losses put together by `marginLoss`', 'oracle, laws'],
  ];
  const table = [...rows, ...shared].map(([name, proof]) =>
    line([name!, ...BACKENDS.map(() => '✓'), proof!]),
  );
  const head = [line(['loss', ...BACKENDS, 'proved by']), line(['---', ...BACKENDS.map(() => '---'), '---'])];
  return [HEADER, ...head, ...table, '', CURRICULUM, '', HEAD, ''].join('\n');
}

/** Whether a loss is of that name, or a weighting or smoothing of that name on another. */
function isOf(loss: string, name: string): boolean {
  return loss === name || loss.startsWith(`${name}(`) || loss === `smoothed(${name})`;
}

function proofOf(cases: number, forms: number, more?: string): string {
  const goldens = cases === 0 ? [] : [`${cases} golden cases`];
  const laws = forms === 1 ? 'laws' : `laws in ${forms} forms`;
  return [...goldens, ...(more === undefined ? [] : [more]), forms === 0 ? 'oracle' : laws].join(', ');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const HEADER = `# Features

Every loss runs on every backend: a backend reads the formulas of \`@cf/core\`, so a new loss needs no work there.
✓ means that all laws and all golden cases of the loss pass in the backend’s precision, in the test suite. This page is
printed by \`pnpm print-features\` in \`packages/conformance\`.
`;

const CURRICULUM = `The classic curriculum is an order of samples (\`curriculumOrder\`, reference; oracle): it takes any loss.`;

const HEAD = `| of the head | reference | tfjs | gpu.js | onnx |
| --- | --- | --- | --- | --- |
| streams over tiles of classes, B × C never stored | ✓ | ✓ | ✓ | ✓ |
| binary objectives in one pass over the tiles | ✓ | ✓ | ✓ | ✓ |
| K class centers a class (\`subCenters\`) | ✓ | ✓ | ✓ | ✓ |
| biases, one a class or one for all | ✓ | ✓ | ✓ | ✓ |
| sample weights, seeded draws, evaluation mode | ✓ | ✓ | ✓ | ✓ |
| diagnostics (t, hard share, slopes, past π) | ✓ | ✓ | ✓ | ✓ |
| gradient accumulation (\`accumulatedStep\`) | ✓ | one larger batch | one larger batch | one larger batch |
| classes split over several heads | ✓ | – | ✓ | ✓ |
| skips what is too unlikely to move a gradient | – | – | – | ✓ |
| differentiable function, Keras-style layer | – | \`marginHead\`, \`MarginHead\` | – | – |
| pieces alone | ✓ | – | as kernels | – |
| trains networks | – | layers models, also on wasm | – | any ONNX model |

\`pnpm cf conformance --backend NAME\` prints the golden cases, one row a loss.`;
