import { CfError } from '@cf/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { embeddedGoldens } from './embedded.ts';
import { GoldenFormatError, parseGoldens } from './golden-file.ts';

/** A file of one case with one step, as small as the format allows. */
function smallFile(): { format: unknown; cases: Record<string, unknown>[] } {
  return {
    format: 1,
    cases: [
      {
        id: 'one',
        loss: 'arcface',
        params: { scale: 8 },
        regime: 'init',
        batch: 1,
        dim: 2,
        classes: 2,
        source: { repository: 'a/b' },
        note: null,
        steps: [
          {
            labels: [0],
            embeddings: [1, 2],
            weights: [1, 0, 0, 1],
            logits: [1, 2],
            losses: [0.5],
            loss: 0.5,
            gradEmbeddings: [0, 0],
            gradWeights: [0, 0, 0, 0],
            stateAfter: { t: 0.1 },
          },
        ],
      },
    ],
  };
}

const parse = (value: unknown): unknown => parseGoldens(JSON.stringify(value), 'small.json');

function changedCase(change: Record<string, unknown>): unknown {
  const file = smallFile();
  Object.assign(file.cases[0]!, change);
  return file;
}

function changedStep(change: Record<string, unknown>): unknown {
  const file = smallFile();
  Object.assign((file.cases[0]!.steps as object[])[0]!, change);
  return file;
}

function errorOf(run: () => unknown): GoldenFormatError {
  try {
    run();
  } catch (error) {
    if (error instanceof GoldenFormatError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a good file', () => {
  test('is read as it is', () => {
    expect(parse(smallFile())).toEqual({ cases: smallFile().cases });
  });

  test('may leave out what is optional', () => {
    const file = changedStep({ losses: undefined, stateAfter: undefined });
    expect(() => parse(file)).not.toThrow();
    expect(() => parse(changedCase({ source: undefined, note: undefined }))).not.toThrow();
  });

  test('comes with this package: 339 cases', async () => {
    const { cases } = await embeddedGoldens();
    expect(cases).toHaveLength(339);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(339);
  });
});

describe('what is not in the format is refused, with case and field', () => {
  test('text that is not JSON, with the cause', () => {
    const error = errorOf(() => parseGoldens('{"format": 1,', 'half.json'));
    expect(error).toBeInstanceOf(CfError);
    expect(error.code).toBe('E_GOLDENS');
    expect(error.message).toMatch(/^half\.json, which is not JSON, expected a JSON file/);
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test.each<[string, unknown, RegExp]>([
    ['an array', [], /^small\.json: \[\], expected an object/],
    ['null', null, /^small\.json: null, expected an object/],
    ['another format', { ...smallFile(), format: 2 }, /^small\.json of format 2, expected format 1/],
    ['a format of text', { ...smallFile(), format: '1' }, /of format "1"/],
    ['no format', { cases: smallFile().cases }, /of format undefined/],
    ['no cases', { format: 1 }, /^small\.json with no cases/],
    ['an empty list of cases', { format: 1, cases: [] }, /^small\.json with no cases/],
    ['a case of text', { format: 1, cases: ['x'] }, /^small\.json: case 0: "x", expected an object/],
    ['an unknown field of a case', changedCase({ bacth: 1 }), /case 0 \(one\): unknown field 'bacth'/],
    ['no id', changedCase({ id: undefined }), /case 0 without id/],
    ['no loss', changedCase({ loss: undefined }), /case 0 \(one\) without loss/],
    ['a loss that is no text', changedCase({ loss: 3 }), /\(one\) without loss/],
    ['a batch of 0', changedCase({ batch: 0 }), /\(one\): batch = 0, expected an integer ≥ 1/],
    ['a dim of text', changedCase({ dim: '2' }), /\(one\): dim = "2"/],
    ['classes in halves', changedCase({ classes: 2.5 }), /\(one\): classes = 2.5/],
    ['no params', changedCase({ params: undefined }), /\(one\): params: undefined, expected an object/],
    ['params in a list', changedCase({ params: [] }), /\(one\): params: \[\], expected an object/],
    ['no steps', changedCase({ steps: undefined }), /\(one\) without steps/],
    ['an empty list of steps', changedCase({ steps: [] }), /\(one\) without steps/],
    ['a step that is a number', changedCase({ steps: [7] }), /\(one\), step 0: 7, expected an object/],
    ['an unknown field of a step', changedStep({ gradients: [] }), /step 0: unknown field 'gradients'/],
    [
      'a wrong length',
      changedStep({ weights: [1, 2, 3] }),
      /step 0: weights \[3\], expected 4 finite numbers/,
    ],
    ['too long draws', changedStep({ draws: [1, 2] }), /step 0: draws \[2\], expected 1 finite/],
    [
      'nested rows',
      changedStep({
        weights: [
          [1, 0],
          [0, 1],
        ],
      }),
      /step 0: weights \[2\]/,
    ],
    ['a list that is none', changedStep({ losses: 0.5 }), /step 0: losses \[number\]/],
    ['null in a list', changedStep({ logits: [1, null] }), /step 0: logits \[2\], expected 2 finite numbers/],
    ['text in a list', changedStep({ logits: [1, '2'] }), /step 0: logits/],
    ['a loss of null', changedStep({ loss: null }), /step 0: loss = null, expected a finite number/],
    ['a regulariser of text', changedStep({ regulariser: '0' }), /step 0: regulariser = "0"/],
    ['a state that is a list', changedStep({ stateAfter: [1] }), /step 0: \[1\], expected an object/],
    [
      'a state of text',
      changedStep({ stateAfter: { t: '0' } }),
      /step 0: stateAfter\.t = 0, expected a finite/,
    ],
  ])('%s', (_, file, message) => {
    expect(errorOf(() => parse(file)).message).toMatch(message);
  });

  test.each(['labels', 'embeddings', 'weights', 'logits', 'loss', 'gradEmbeddings', 'gradWeights'])(
    'a step without %s',
    (field) => {
      const error = errorOf(() => parse(changedStep({ [field]: undefined })));
      expect(error.message).toContain(`step 0 without ${field}`);
    },
  );

  test('a number too large for float64', () => {
    const text = JSON.stringify(smallFile()).replace('"logits":[1,2]', '"logits":[1,1e999]');
    expect(errorOf(() => parseGoldens(text)).message).toMatch(/^goldens: case 0 \(one\), step 0: logits/);
  });
});

describe('without files, as in a page', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('golden values are named with where else they are', async () => {
    vi.stubGlobal('process', { getBuiltinModule: undefined });
    await expect(embeddedGoldens()).rejects.toThrow(/goldens\.json/);
  });
});
