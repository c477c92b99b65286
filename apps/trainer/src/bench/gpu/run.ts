// What a machine with a card and without a network runs: every part in a process of its own, with a limit of its own, and
// all of them before a deadline. Prints a table and writes JSON.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { markdownTable } from '../../report/text-table.ts';
import type { PartTask } from './part.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string', default: 'gpu-bench.json' },
    python: { type: 'string', default: 'python3' },
    seconds: { type: 'string', default: '345' },
    provider: { type: 'string', multiple: true },
    tiny: { type: 'boolean', default: false },
  },
});

const started = performance.now();
const remaining = (): number => Number(flags.seconds) - (performance.now() - started) / 1000;

/** Sizes: of the measurement, or so small that a card in software has them done in seconds. */
const SIZES = flags.tiny
  ? { batch: 8, dim: 32, classes: [50, 200], side: 64, chain: 2, steps: 2, pictures: 2, warmUp: 0 }
  : {
      batch: 256,
      dim: 512,
      classes: [20_000, 200_000],
      side: 4096,
      chain: 8,
      steps: 7,
      pictures: 64,
      warmUp: 2,
    };
const MIB = 2 ** 20;
/** Of the head: small tiles as on a processor, and larger ones. */
const TILES = flags.tiny ? [MIB] : [16 * MIB, 64 * MIB];

type Measured = Readonly<Record<string, unknown>> & { readonly failed?: string };

interface Row {
  readonly what: string;
  readonly on: string;
  readonly value: string;
  readonly task: object;
  readonly measured: Measured;
}

const rows: Row[] = [];
let running: ChildProcess | undefined;

/** Runs a part. Whatever becomes of it, there is an answer before its limit. */
function ask(command: readonly string[], limit: number): Promise<Measured> {
  const seconds = Math.min(flags.tiny ? 3 * limit : limit, remaining());
  if (seconds < 3) return Promise.resolve({ failed: 'no time was left' });
  return new Promise((resolve) => {
    let said = '';
    let told = '';
    // A group of its own: what it has started goes with it.
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running = child;
    const end = (): void => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    const timer = setTimeout(() => {
      end();
      resolve({ failed: `not done in ${seconds.toFixed(0)} s` });
    }, 1000 * seconds);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(-2000);
    });
    child.on('error', (error) => resolve({ failed: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running = undefined;
      end();
      try {
        resolve(JSON.parse(said.trim().split('\n').at(-1)!) as Measured);
      } catch {
        const last = told.trim().split('\n').at(-1);
        resolve({ failed: `ended (${code ?? signal}): ${last === '' ? 'without a word' : last}` });
      }
    });
  });
}

async function measure(
  what: string,
  on: string,
  part: { readonly command: readonly string[]; readonly task: object; readonly limit: number },
  text: (measured: Measured) => string,
): Promise<Measured> {
  const measured = await ask([...part.command, JSON.stringify(part.task)], part.limit);
  const value = measured.failed === undefined ? text(measured) : `– ${measured.failed}`;
  rows.push({ what, on, value, task: part.task, measured });
  console.log(`${what.padEnd(28)} ${on.padEnd(24)} ${value}`);
  return measured;
}

const number = (measured: Measured, name: string): number => Number(measured[name]);
const tflops = (measured: Measured): string => `${number(measured, 'tflops').toPrecision(3)} TFLOP/s`;
const milliseconds = (measured: Measured): string =>
  `${(1000 * number(measured, 'seconds')).toPrecision(4)} ms`;
const images = (measured: Measured): string =>
  `${number(measured, 'imagesPerSecond').toPrecision(3)} images/s`;
const sized = (classes: number): string => `head, ${classes.toLocaleString('en')} classes`;

/** Beside this file, packed or not. */
const ONNX = [process.execPath, join(import.meta.dirname, `part${extname(import.meta.filename)}`)];
const TORCH = [
  join(import.meta.dirname, 'torch_part.py'),
  join(import.meta.dirname, '../../../../../bench/gpu/torch_part.py'),
].find(existsSync)!;

/** A provider of onnxruntime: proven first, and not measured where it computes other numbers. */
async function measureProvider(provider: string): Promise<void> {
  const { batch, dim, side, chain, steps, warmUp, pictures } = SIZES;
  const none = { batch, dim, classes: 0, cacheBytes: MIB, side, chain, steps, warmUp };
  const run = (
    what: string,
    task: Pick<PartTask, 'part'> & Partial<PartTask>,
    limit: number,
    text: (m: Measured) => string,
  ): Promise<Measured> =>
    measure(what, provider, { command: ONNX, task: { ...none, provider, ...task }, limit }, text);
  const proof = await run('proof', { part: 'proof' }, 40, (m) =>
    [
      `head off by ${number(m, 'head').toExponential(1)}`,
      `network ${number(m, 'network').toExponential(1)}`,
    ].join(', '),
  );
  if (proof.failed !== undefined) return;
  await run('product, float32', { part: 'product' }, 30, tflops);
  for (const classes of SIZES.classes) {
    for (const cacheBytes of TILES) {
      const on = `${provider}, tiles of ${cacheBytes / MIB} MiB`;
      const task = { ...none, provider, part: 'head', classes, cacheBytes } as const;
      await measure(sized(classes), on, { command: ONNX, task, limit: 40 }, milliseconds);
    }
  }
  await run(
    'tiny-iresnet',
    { part: 'backbone', batch: pictures, ...(flags.tiny && { steps: 1 }) },
    40,
    images,
  );
}

async function measureTorch(): Promise<void> {
  const command = [flags.python, TORCH];
  const about = await ask([...command, JSON.stringify({ part: 'device' })], 40);
  const skip = (why: string): void => console.log(`PyTorch: not measured, ${why}`);
  if (about.failed !== undefined) return skip(`${flags.python} has none (${about.failed})`);
  if (about.card === null && !flags.tiny) return skip(`${about.version} sees no card`);
  console.log(`PyTorch ${about.version} on ${about.card ?? 'the processor'}`);
  const { batch, dim, side, chain, steps, pictures } = SIZES;
  const device = about.card === null ? 'cpu' : 'cuda';
  const run = (
    what: string,
    on: string,
    task: object,
    { limit, text }: { readonly limit: number; readonly text: (m: Measured) => string },
  ): Promise<Measured> =>
    measure(what, on, { command, task: { device, batch, dim, side, chain, steps, ...task }, limit }, text);
  for (const tf32 of [false, true]) {
    const on = tf32 ? 'torch eager, TF32' : 'torch eager';
    await run('product, float32', on, { part: 'product', tf32 }, { limit: 25, text: tflops });
  }
  const kinds: readonly (readonly [string, object, number])[] = [
    ['torch eager', {}, 25],
    ['torch eager, host arrays', { host: true }, 25],
    ['torch eager, TF32', { tf32: true }, 25],
    ...(about.compiles === true
      ? ([
          ['torch.compile', { compile: true }, 55],
          ['torch.compile, TF32', { compile: true, tf32: true }, 55],
        ] as const)
      : []),
  ];
  if (about.compiles !== true) console.log(`torch.compile: not measured, PyTorch ${about.version} has none`);
  for (const [on, task, limit] of kinds) {
    for (const classes of SIZES.classes)
      await run(sized(classes), on, { part: 'head', classes, ...task }, { limit, text: milliseconds });
    if (!('host' in task))
      await run('tiny-iresnet', on, { part: 'backbone', ...task, batch: pictures }, { limit, text: images });
  }
}

/** Of the card, as its driver says it. */
function cards(): readonly string[] {
  const fields = 'name,driver_version,memory.total,clocks.max.sm';
  try {
    return execFileSync('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split('\n');
  } catch {
    return [];
  }
}

const CUDA_LIBRARY = join(
  import.meta.dirname,
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
);

const card = cards();
console.log(`card: ${card.length === 0 ? 'nvidia-smi tells none' : card.join('; ')}`);
console.log(
  `processor: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} threads; Node ${process.versions.node}`,
);
const asked = flags.provider ?? ['webgpu', ...(existsSync(CUDA_LIBRARY) ? ['cuda'] : [])];
if (flags.provider === undefined && !existsSync(CUDA_LIBRARY))
  console.log('cuda: not measured, the CUDA libraries of onnxruntime-node are not in this package');
process.once('exit', () => {
  if (running?.pid !== undefined) process.kill(-running.pid, 'SIGKILL');
});
for (const provider of asked) await measureProvider(provider);
await measureTorch();
const seconds = (performance.now() - started) / 1000;
const report = { card, processor: cpus()[0]?.model, tiny: flags.tiny, sizes: SIZES, seconds, rows };
writeFileSync(flags.json, `${JSON.stringify(report, undefined, 2)}\n`);

const columns = [...new Set(rows.map(({ on }) => on))];
const names = [...new Set(rows.map(({ what }) => what))];
const cells = names.map((name) => [
  name,
  ...columns.map((on) => rows.find((row) => row.what === name && row.on === on)?.value ?? ''),
]);
console.log(`\n${markdownTable({ columns: ['what', ...columns], rows: cells })}`);
console.log(`\n${seconds.toFixed(0)} s; ${flags.json}`);
