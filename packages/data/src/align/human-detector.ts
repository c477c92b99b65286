import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type OptionNames, reasonOf, requireKnownOptions } from '@cf/core';
import { checkInteger } from '../checks.ts';
import { FaceDetectorError } from '../errors.ts';
import type { RawImage } from '../image/raw-image.ts';
import { Pool } from '../pool.ts';
import type { DetectedFace, FaceDetector } from './face.ts';

/** What {@link humanDetector} brings up. */
export interface HumanDetectorOptions {
  /** Threads, each with networks of its own; the number of processors by default. */
  readonly threads?: number;
}

/** The packages that the detector needs, in the words of npm. */
const PACKAGES = ['@vladmandic/human', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'] as const;

const OPTIONS: OptionNames<HumanDetectorOptions> = { threads: true };

/**
 * Finds faces with BlazeFace (Bazarevsky et al. 2019) and the face mesh (Kartynnik et al. 2019), whose files come inside
 * the npm package `@vladmandic/human`, on TensorFlow.js' wasm backend. Nothing is downloaded.
 *
 * The threads start with the first picture. They print nothing, and the networks of a thread share nothing with a
 * TensorFlow.js of the caller.
 *
 * @throws FaceDetectorError where a package is not installed
 */
export async function humanDetector(options: HumanDetectorOptions = {}): Promise<FaceDetector> {
  requireKnownOptions('humanDetector', options, OPTIONS);
  const { threads = availableParallelism() } = options;
  checkInteger('threads', threads, 1, 256);
  const { models, version } = await findHumanPackages();
  const all: Thread[] = [];
  const pool = new Pool<Thread>([], () => {
    if (all.length === threads) return undefined;
    const thread = startThread(models);
    all.push(thread);
    return thread;
  });
  return {
    name: `@vladmandic/human ${version}`,
    concurrency: threads,
    detect: (picture) => pool.use((thread) => thread.detect(picture)),
    async close() {
      await Promise.all(all.splice(0).map((thread) => thread.end()));
      pool.clear();
    },
  };
}

/** Where the files of the networks are. @param resolve finds the main file of a package */
export async function findHumanPackages(
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): Promise<{ readonly models: string; readonly version: string }> {
  const found = PACKAGES.map((name) => {
    try {
      return resolve(name);
    } catch {
      return undefined;
    }
  });
  const missing = PACKAGES.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    throw new FaceDetectorError(
      `without the package${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`,
      'what finds faces, which is optional, to be installed beside this package',
      `run npm install ${missing.join(' ')}, or give the landmarks in a file.`,
    );
  }
  // Its main file is in dist/, beside models/.
  const root = join(dirname(found[0]!), '..');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { models: join(root, 'models'), version };
}

interface Thread {
  detect(picture: RawImage): Promise<readonly DetectedFace[]>;
  end(): Promise<unknown>;
}

type Answer = { readonly faces: readonly DetectedFace[] } | { readonly error: string };

function startThread(models: string): Thread {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./human-thread.${extension}`, import.meta.url), {
    workerData: { models },
    // What TensorFlow.js has to say is no news.
    stdout: true,
    stderr: true,
    execArgv: [],
  });
  worker.unref();
  let settle: ((answer: Answer) => void) | undefined;
  let dead: string | undefined;
  const answer = (given: Answer): void => {
    settle?.(given);
    settle = undefined;
  };
  const end = (reason: string): void => {
    dead ??= reason;
    answer({ error: dead });
  };
  worker.on('message', answer);
  worker.on('error', (error: unknown) => end(reasonOf(error)));
  worker.on('exit', () => end('the thread has ended'));
  return {
    async detect(picture) {
      // Holds the process as long as there is something to do.
      worker.ref();
      const given = await new Promise<Answer>((resolve) => {
        settle = resolve;
        if (dead === undefined) worker.postMessage(picture);
        else answer({ error: dead });
      });
      worker.unref();
      if ('faces' in given) return given.faces;
      throw new FaceDetectorError(
        `the networks of @vladmandic/human (${given.error})`,
        'networks that run',
        'install the newest versions of @vladmandic/human, @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm.',
      );
    },
    end: () => worker.terminate(),
  };
}
