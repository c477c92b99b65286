/**
 * Does a training step do what PyTorch's does? tiny-iresnet, the CurricularFace head and SGD, from the same weights and
 * on the same batches, without augmentation and dropout:
 *
 * - every gradient of the first step agrees with PyTorch's (both float32) to 1e-4, in its largest entry and in its
 *   norm. The scale is the gradient's own, from PyTorch in float64. Where a normalisation takes away what a parameter
 *   adds, the gradient is zero but for rounding, and the scale is that of its layer's other gradients. The weights are
 *   moved a little beforehand so that no first activation lies within rounding of a PReLU's kink (kinks.py);
 * - the loss curve stays inside three times the envelope of PyTorch against itself with its first weights one ulp away.
 *
 *     node bench/peers/parity/step-parity.ts [--steps 50] [--scale 32] [--warmup-steps 0] [--perturbed 8]
 *       [--head onnx|reference] [--json]
 *
 * Prints both tables. Exits with 1 where one of the two does not hold, and with 2 where no Python has torch.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { type Backend, referenceBackend } from '../../../packages/core/src/index.ts';
import { type OnnxRuntime, onnxBackend } from '../../../packages/onnx/src/index.ts';
import { type CurvePoint, compareCurves, compareGradients, type GradientAgreement } from './compare.ts';
import { firstWeights, trainHere } from './here.ts';
import { DEFAULT_TASK, drawData, type ParityTask } from './task.ts';
import { findTorch, trainInTorch } from './torch.ts';

const GRADIENT_TOLERANCE = 1e-4;
const ENVELOPES = 3;

const NUMBERS = ['batch', 'classes', 'dim', 'steps', 'scale', 'warmupSteps', 'threads', 'seed'] as const;
const { values: flags } = parseArgs({
  options: {
    ...Object.fromEntries(NUMBERS.map((name) => [flagOf(name), { type: 'string' } as const])),
    perturbed: { type: 'string', default: '8' },
    head: { type: 'string', default: 'onnx' },
    python: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const given = flags as Readonly<Record<string, string | boolean | undefined>>;
const task: ParityTask = {
  ...DEFAULT_TASK,
  ...Object.fromEntries(
    NUMBERS.filter((name) => given[flagOf(name)] !== undefined).map((name) => [
      name,
      Number(given[flagOf(name)]),
    ]),
  ),
};
const python = findTorch(flags.python === undefined ? undefined : [flags.python]);
if (python === undefined) {
  console.error('No Python with torch was found: name one with --python.');
  process.exit(2);
}

const runtime = createRequire(new URL('../../../packages/onnx/package.json', import.meta.url))(
  'onnxruntime-node',
) as OnnxRuntime;
const backend = await openBackend(flags.head);
const data = drawData(task);
const peer = await trainInTorch(python, task, data, firstWeights(task, data), Number(flags.perturbed));
const ours = await trainHere(runtime, backend, task, data, peer.start);
await backend.dispose();

const gradients = compareGradients(ours.firstGradients, peer.firstGradients, peer.exactGradients);
const curve = compareCurves(ours.losses, peer.losses, peer.perturbedLosses);
const agrees = ({ largest, norm }: GradientAgreement): boolean =>
  largest <= GRADIENT_TOLERANCE && norm <= GRADIENT_TOLERANCE;
const isInside = ({ difference, envelope }: CurvePoint): boolean => difference <= ENVELOPES * envelope;
const holds = gradients.every(agrees) && curve.every(isInside);

if (flags.json) {
  console.log(JSON.stringify({ task, head: backend.name, torch: peer.version, holds, gradients, curve }));
} else {
  const { batch, classes, steps, scale, threads, warmupSteps } = task;
  console.log(
    `tiny-iresnet, CurricularFace (s = ${scale}) on ${backend.name}, batch ${batch}, ${classes} classes, ` +
      `${steps} steps (${warmupSteps} to warm up), ${threads} threads; PyTorch ${peer.version}; ` +
      `first activations at least ${short(peer.nearestKink)} from a kink\n`,
  );
  printGradients();
  printCurve();
  console.log(holds ? 'holds' : 'does not hold');
}
process.exitCode = holds ? 0 : 1;

/** `warmupSteps` as `warmup-steps`. */
function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function openBackend(name: string): Promise<Backend> {
  if (name === 'onnx') return await onnxBackend({ runtime, threads: task.threads });
  if (name === 'reference') return referenceBackend();
  throw new Error(`--head ${name}, expected onnx or reference`);
}

function printGradients(): void {
  console.log(
    `First gradients, against PyTorch in float32, and each of the two against PyTorch in float64 (* cancels out):`,
  );
  console.log(row('', 'scale', 'largest', 'norm', 'ours', 'PyTorch', ''));
  for (const gradient of gradients) {
    const { name, cancels, scale, largest, norm, ownRounding, peerRounding } = gradient;
    const numbers = [scale, largest, norm, ownRounding, peerRounding].map(short);
    console.log(row(`${name}${cancels ? ' *' : ''}`, ...numbers, agrees(gradient) ? '' : 'DIFFERS'));
  }
  const worst = Math.max(...gradients.flatMap(({ largest, norm }) => [largest, norm]));
  console.log(`worst ${short(worst)}, allowed ${GRADIENT_TOLERANCE}\n`);
}

function printCurve(): void {
  console.log(`Loss, and how far from PyTorch's (${flags.perturbed} perturbed runs make the envelope):`);
  console.log(row('step', 'PyTorch', 'ours', 'difference', 'envelope', 'ratio', ''));
  for (const point of curve) {
    const { step, peer, ours, difference, envelope } = point;
    const numbers = [peer.toFixed(5), ours.toFixed(5), short(difference), short(envelope)];
    const ratio = (difference / envelope).toFixed(2);
    console.log(row(String(step), ...numbers, ratio, isInside(point) ? '' : 'OUTSIDE'));
  }
  const worst = Math.max(...curve.map(({ difference, envelope }) => difference / envelope));
  console.log(`worst ${worst.toFixed(2)} envelopes, allowed ${ENVELOPES}\n`);
}

function row(first: string, ...cells: readonly string[]): string {
  return [first.padEnd(28), ...cells.map((cell) => cell.padStart(11))].join(' ').trimEnd();
}

function short(value: number): string {
  return value.toExponential(1);
}
