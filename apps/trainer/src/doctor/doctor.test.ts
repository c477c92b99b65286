import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { doctorText } from './doctor-text.ts';
import { choose, type Examination, examine } from './examine.ts';
import type { Finding, ProbeName } from './probe.ts';
import { runProbe } from './run-probe.ts';

/** In the place of the program that looks: does as its name says. */
const STAND_IN = `
const [, , name] = process.argv;
const found = (state, more) => process.send({ state, told: name, ...more });
if (name === 'backend reference') process.kill(process.pid, 'SIGSEGV');
else if (name === 'oneDNN') setInterval(() => {}, 1000);
else if (name === 'backend tfjs-cpu') { console.error('first\\nlast words'); process.exit(3); }
else if (name === 'backend onnx') process.send({ state: 'proven', told: name }, () => process.kill(process.pid, 'SIGABRT'));
else found(name === process.env.CF_TEST_WRONG ? 'wrong' : name === 'provider cpu' ? 'proven' : 'absent', { fix: 'buy one', productRate: 2e11 });
`;

let program: string;
beforeAll(async () => {
  program = join(await temporaryFolder(), 'stand-in.mjs');
  await writeFile(program, STAND_IN);
});
const signal = new AbortController().signal;

describe('a thing that is looked into', () => {
  it('takes nothing with it as it dies or hangs, and what it found before counts', async () => {
    const names: readonly ProbeName[] = [
      'provider cpu',
      'backend reference',
      'oneDNN',
      'backend tfjs-cpu',
      'backend onnx',
      'provider cuda',
    ];
    const heard: number[] = [];
    const { findings, isSound, machine } = await examine({ seconds: 4, signal, program }, names, (done) =>
      heard.push(done),
    );
    expect(findings).toEqual({
      'provider cpu': expect.objectContaining({ state: 'proven' }),
      'backend reference': { state: 'crashed', told: 'its process ended by SIGSEGV' },
      oneDNN: expect.objectContaining({ state: 'slow', told: 'not proven within 4 s' }),
      'backend tfjs-cpu': { state: 'crashed', told: 'its process ended by code 3: last words' },
      'backend onnx': { state: 'proven', told: 'backend onnx' },
      'provider cuda': expect.objectContaining({ state: 'absent' }),
    });
    expect([isSound, heard]).toEqual([false, [1, 2, 3, 4, 5, 6]]);
    expect(machine.memory).toBeGreaterThanOrEqual(machine.freeMemory);
  });

  it('is looked into in a process of its own', async () => {
    expect(await runProbe('backend reference', { seconds: 60, signal })).toMatchObject({
      state: 'proven',
      told: expect.stringContaining('golden cases off by'),
    });
  });

  it('ends when it is interrupted', async () => {
    const stop = new AbortController();
    const running = runProbe('oneDNN', { seconds: 60, signal: stop.signal, program });
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});

const proven = (productRate?: number): Finding => ({
  state: 'proven',
  told: 'proven',
  ...(productRate && { productRate }),
});
const absent: Finding = { state: 'absent', told: 'nowhere', fix: 'npm install it' };

describe('what would be taken', () => {
  it('is the first card that is proven and quicker than the processor, else the processor, with oneDNN where that is proven', async () => {
    const cpu = { 'provider cpu': proven(1e11) } as const;
    expect(await choose({ ...cpu, oneDNN: proven(), 'provider webgpu': absent })).toEqual({
      device: 'cpu',
      kernels: 'oneDNN',
      why: ['no card is there and proven', 'oneDNN is there and proven'],
    });
    expect(await choose({ ...cpu, oneDNN: absent, 'provider webgpu': proven(5e9) })).toEqual({
      device: 'cpu',
      kernels: 'onnxruntime',
      why: [
        "webgpu has products at 5 GFLOP/s beside the processor's 100",
        'oneDNN is not there, or not proven',
      ],
    });
    const plain = 'oneDNN 2.6.3 has no kernels of its own for this processor (ref:any)';
    expect(await choose({ ...cpu, oneDNN: { ...proven(), passedOver: plain } })).toMatchObject({
      device: 'cpu',
      kernels: 'onnxruntime',
      why: expect.arrayContaining([plain]),
    });
    const cards = {
      'provider cuda': { ...proven(1e13), state: 'wrong' },
      'provider webgpu': proven(2e12),
    } as const;
    expect(await choose({ ...cpu, oneDNN: proven(), ...cards })).toMatchObject({
      device: 'webgpu',
      kernels: 'onnxruntime',
    });
  });
});

describe('what is told', () => {
  const examination = {
    machine: {
      cf: '1.0.0',
      node: '24.0.0',
      onnxruntime: '1.30.0',
      platform: 'linux x64',
      processor: 'A processor',
      threads: 2,
      memory: 2 ** 33,
      freeMemory: 2 ** 32,
    },
    findings: {
      'provider cpu': proven(1e11),
      'provider cuda': absent,
      oneDNN: { state: 'crashed', told: 'by SIGSEGV' },
    },
    absentPackages: [{ name: 'gpu.js', brings: '--head gpujs-…', install: 'npm install gpu.js' }],
    chosen: { device: 'cpu', kernels: 'onnxruntime', why: ['so'] },
    isSound: false,
  } as unknown as Examination;

  it('is a table with a line that brings what is absent, in colours only where they are wanted', () => {
    const text = doctorText(examination, false);
    expect(text).toMatch(/^ {2}proven {3}cpu {5}proven$/m);
    expect(text).toMatch(/^ {2}absent {3}cuda {4}nowhere\n {2,}→ npm install it$/m);
    expect(text).toMatch(/^ {2}crashed {2}oneDNN {2}by SIGSEGV$/m);
    expect(text).toMatch(/^ {2}gpu\.js: --head gpujs-…\n {4}→ npm install gpu\.js$/m);
    expect(text).toContain('cf train --device auto takes cpu, kernels onnxruntime: so');
    expect(text).not.toContain('\u001b');
    expect(doctorText(examination, true)).toContain('\u001b[31mcrashed');
  });
});
