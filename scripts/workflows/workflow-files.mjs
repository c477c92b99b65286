import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Workflows and local actions of a workspace: path from its root, text, and what the text says. */
export function workflowFiles(workspace) {
  const github = join(workspace, '.github');
  const paths = [
    ...readdirSync(join(github, 'workflows')).map((name) => `.github/workflows/${name}`),
    ...readdirSync(join(github, 'actions')).map((name) => `.github/actions/${name}/action.yml`),
  ];
  return paths.map((path) => {
    const text = readFileSync(join(workspace, path), 'utf8');
    return { path, text, content: parse(text) };
  });
}
