import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRunFolder } from '../run/run-folder.ts';
import { configWith, temporaryFolder } from '../testing.ts';
import { runFacts } from './card-facts.ts';

it('a card names files and folders, and no place on the machine of whoever made it', async () => {
  const base = await temporaryFolder();
  const scoredPairs = { genuinePairs: 1, impostorPairs: 1, auc: 1, eer: 0, tarAtFar: [] };
  await writeFile(join(base, 'config.json'), '{}');
  await writeFile(
    join(base, 'results.json'),
    JSON.stringify([{ name: 'trained', accuracy: 1, std: 0, scoredPairs }]),
  );
  const [data, people, pairs, dropSuspects, difficulties, classWeights] = [
    ...['faces', 'people.txt', 'pairs.txt', 'suspects.jsonl', 'difficulties.csv', 'weights.csv'],
  ].map((name) => join('/home/ann/secret', name)) as [string, string, string, string, string, string];
  const given = configWith({
    ...{ data, people, pairs, dropSuspects, difficulties, classWeights },
    sampler: 'curriculum',
  });
  const beneath = { loss: '/home/ann/secret/my-loss.ts', params: {} };
  const config = { ...given, loss: { name: 'focal', params: { gamma: 1, base: beneath } } };
  const facts = await runFacts(await openRunFolder(base), config, {
    identities: 5,
    step: 9,
    pictures: undefined,
  });
  expect(facts.data).toMatchObject({
    'pictures from': 'faces',
    people: 'people.txt',
    dropSuspects: 'suspects.jsonl',
  });
  expect(facts.loss).toMatchObject({ name: 'focal', base: expect.stringContaining('my-loss.ts') });
  expect(facts.scores!.protocol).toContain('Verification on pairs.txt,');
  expect(JSON.stringify(facts)).not.toMatch(/ann|secret/);
});
