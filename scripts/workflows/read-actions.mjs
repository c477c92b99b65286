// pnpm read-actions: what the pinned actions take and give, read anew from GitHub into actions.json. After a pin moved.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../node-runtime.mjs';
import { pinsOf, readActions } from './action-pins.mjs';
import { workflowFiles } from './workflow-files.mjs';

const pins = workflowFiles(root).flatMap(({ text }) => pinsOf(text));
const actions = await readActions(pins, readFromGitHub, parse);
writeFileSync(
  join(root, 'scripts', 'workflows', 'actions.json'),
  `${JSON.stringify(actions, undefined, 2)}\n`,
);

async function readFromGitHub(repository, commit, path) {
  const address = `https://raw.githubusercontent.com/${repository}/${commit}/${path}`;
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return answer.text();
}
