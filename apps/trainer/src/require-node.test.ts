import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { EXIT } from './exit-codes.ts';
import { LEAST_NODE, requireNode } from './require-node.ts';

function told(node: string): { text: string; code: number | undefined } {
  const found = { text: '', code: undefined as number | undefined };
  requireNode({
    versions: { node },
    stderr: { write: (text) => (found.text += text) },
    exit: (code) => (found.code = code),
  });
  return found;
}

test.each(['20.20.2', '18.0.0', '16.20.1'])('Node %s is told which one is needed', (node) => {
  const { text, code } = told(node);
  expect(text).toMatch(new RegExp(`^cf needs Node 22 or later, and this is Node ${node}\\.\\nFix: `));
  expect(code).toBe(EXIT.usage);
});

test.each(['22.0.0', '24.21.0', '26.1.0'])('Node %s goes on', (node) => {
  expect(told(node)).toEqual({ text: '', code: undefined });
});

test('what is needed is what the package says', () => {
  expect(packageJson.engines.node).toBe(`>=${LEAST_NODE}`);
});
