import { backendLaws, SPECIMENS } from '@cf/conformance';
import { expect, test } from 'vitest';
import { LAWS, LOSSES } from './some-laws.ts';

test('every name of the selection is that of one law, or of one loss', () => {
  const laws = backendLaws(() => {
    throw new Error('names alone');
  });
  for (const text of LAWS) expect(laws.filter(({ name }) => name.includes(text))).toHaveLength(1);
  for (const loss of LOSSES) expect(SPECIMENS.filter(({ name }) => name === loss)).toHaveLength(1);
});
