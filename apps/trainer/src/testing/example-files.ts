import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ARCFACE_TEMPLATE, formatPairs } from '@cf/data';
import { syntheticName, syntheticPairs, writeRecordPack, writeSyntheticFolder } from '@cf/data/node';
import { verificationBin } from '@cf/data/testing';
import { smallOnnx } from './onnx-files.ts';

const GOLDENS = resolve(import.meta.dirname, '../../../../packages/conformance/fixtures/losses.json');

/** Of core as a file: where examples are run there are no packages. */
const OWN_LOSS = `import { arcFace } from ${JSON.stringify(import.meta.resolve('@cf/core'))};
export const options = { margin: 'number' };
export default ({ margin }) => arcFace({ margin });
`;

const PEOPLE = 20;
const EACH = 4;
/** People of no pair. */
const UNSCORED = 2;
const PHOTOGRAPHED = 5;

const file = (person: number, n: number): string =>
  join(syntheticName(person), `${syntheticName(person)}_000${n + 1}.jpg`);

/**
 * Files at the paths that the examples of help name, as small as examples allow.
 *
 * @param comparison the text of `compare.yaml`
 */
export async function writeExampleFiles(base: string, comparison: string): Promise<void> {
  const at = (...names: readonly string[]): string => join(base, ...names);
  const options = { seed: 3, imagesPerIdentity: EACH, format: 'jpeg' } as const;
  await writeSyntheticFolder(at('faces'), { ...options, identities: PEOPLE + UNSCORED });
  for (const name of ['lfw-112', 'others']) await cp(at('faces'), at(name), { recursive: true });
  // Faces are looked for in them, which takes its time.
  for (const name of ['photos', 'people'])
    await writeSyntheticFolder(at(name), { ...options, identities: PHOTOGRAPHED });
  await writeFile(at('backbone.onnx'), smallOnnx());
  await writeFile(at('my-loss.ts'), OWN_LOSS);
  await writeFile(at('insightface.onnx'), smallOnnx({ normalised: false }));
  const list = syntheticPairs({
    seed: 1,
    identities: { from: 0, to: PEOPLE },
    imagesPerIdentity: EACH,
    pairs: 200,
  });
  await writeFile(at('pairs.txt'), formatPairs(list));
  const folds = Array.from({ length: 10 }, (_, fold) => [
    ...new Set(list.pairs.filter((pair) => pair.fold === fold).flatMap(({ a, b }) => [a.name, b.name])),
  ]);
  const inFold = (names: readonly string[]): string =>
    [names.length, ...names.map((name) => `${name}\t${EACH}`)].join('\n');
  await writeFile(at('people.txt'), `${[10, ...folds.map(inFold)].join('\n')}\n`);
  const everybody = Array.from(
    { length: PEOPLE * EACH },
    (_, i) => [Math.floor(i / EACH), i % EACH] as const,
  );
  const table = async (name: string, columns: string, rows: readonly string[]): Promise<void> =>
    writeFile(at(name), `${[columns, ...rows].join('\n')}\n`);
  const path = (person: number, n: number): string => `faces/${file(person, n)}`;
  await table(
    'people.csv',
    'path,identity',
    everybody.map(([person, n]) => `${path(person, n)},${person}`),
  );
  await table(
    'searches.csv',
    'path,identity,split',
    everybody.map(([person, n]) => `${path(person, n)},${person},${n === 0 ? 'gallery' : 'probe'}`),
  );
  await table(
    'templates.csv',
    'template,path,identity',
    everybody.map(([person, n]) => `${person}-${n % 2},${path(person, n)},${person}`),
  );
  const others = everybody
    .filter(([, n]) => n < 2)
    .map(([person, n]) => ({ person, n, other: (person + 1) % PEOPLE }));
  const same = others.map(({ n }) => Number(n === 0));
  const second = others.map(({ person, n, other }) => [n === 0 ? person : other, 1] as const);
  await table(
    'template-pairs.csv',
    'a,b,same',
    others.map(({ person }, i) => `${person}-0,${second[i]!.join('-')},${same[i]}`),
  );
  await table(
    'pairs.csv',
    'a,b,same',
    others.map(({ person }, i) => `${path(person, 0)},${path(...second[i]!)},${same[i]}`),
  );
  const bytes = (person: number, n: number): Promise<Buffer> => readFile(at('faces', file(person, n)));
  const paired = others.flatMap(({ person }, i) => [bytes(person, 0), bytes(...second[i]!)]);
  await writeFile(at('lfw.bin'), verificationBin(await Promise.all(paired), same.map(Boolean)));
  const known = Array.from({ length: PEOPLE }, (_, person) => ({
    name: syntheticName(person),
    files: Array.from({ length: EACH }, (_, n) => at('faces', file(person, n))),
  }));
  for (const pack of ['.', 'faces_emore']) await writeRecordPack(at(pack, 'train.rec'), known);
  for (const [n, name] of ['who', 'party', 'a', 'b', 'photo-1', 'photo-2'].entries())
    await writeFile(at(`${name}.jpg`), await bytes(n, 1));
  await table(
    'landmarks.csv',
    '# path, then x and y of five points',
    everybody
      .filter(([person]) => person < PHOTOGRAPHED)
      .map(([person, n]) => [file(person, n), ...ARCFACE_TEMPLATE.flat()].join(',')),
  );
  const goldens = JSON.parse(await readFile(GOLDENS, 'utf8'));
  await writeFile(at('losses.json'), JSON.stringify({ ...goldens, cases: goldens.cases.slice(0, 20) }));
  await writeFile(at('compare.yaml'), comparison);
}
