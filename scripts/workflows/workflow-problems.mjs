// What is wrong with a workflow or a local action, beside its syntax: pins, inputs, outputs, permissions, secrets.
import { pinsOf } from './action-pins.mjs';

/** Jobs that may write, and what. */
const MAY_WRITE = {
  '.github/workflows/release.yml': {
    version: ['contents', 'pull-requests', 'actions'],
    publish: ['contents', 'id-token'],
    snapshot: ['id-token'],
  },
};
/** Texts that whoever opens a pull request writes: in a script they would be commands. */
const GIVEN_BY_OTHERS = /\$\{\{[^}]*\b(?:inputs|github\.event|github\.head_ref)\b/;
/** npm takes a token before it asks for trusted publishing, and says nothing of it. */
const TOKENS = /NPM_TOKEN|NODE_AUTH_TOKEN/;

/**
 * @param {{ path: string, text: string, content: any }} file of `workflowFiles`
 * @param {{ actions: Record<string, any>, local: Record<string, any> }} known what actions take and give: actions.json, and
 *   the local ones by folder
 * @returns {string[]} one sentence each
 */
export function workflowProblems({ path, text, content }, known) {
  const problems = pinsOf(text).flatMap((pin) => pinProblems(pin, known.actions));
  if (TOKENS.test(text))
    problems.push('has a token of npm, which would be used instead of trusted publishing');
  if (path.startsWith('.github/actions/')) {
    const { steps } = content.runs;
    return [...problems, ...stepsProblems(steps, known)].map((problem) => `${path}: ${problem}`);
  }
  if (content.on.pull_request_target !== undefined)
    problems.push('pull_request_target gives the code of strangers a token that writes');
  if (content.permissions === undefined || Object.keys(content.permissions).length > 0)
    problems.push('permissions of the workflow are not {}: each job says its own');
  for (const [name, job] of Object.entries(content.jobs))
    problems.push(
      ...jobProblems(path, name, job, content.jobs, known).map((problem) => `job ${name}: ${problem}`),
    );
  return problems.map((problem) => `${path}: ${problem}`);
}

function pinProblems({ uses, action, commit, version }, actions) {
  if (!/^[0-9a-f]{40}$/.test(commit ?? '')) return [`${uses} is not pinned to a commit`];
  const known = actions[action];
  if (known === undefined) return [`${action} is not in actions.json: run pnpm read-actions`];
  if (known.commit !== commit)
    return [`${action} is pinned to another commit than actions.json was read at: run pnpm read-actions`];
  if (known.version !== version) return [`${action} at ${commit} is ${known.version}, not ${version}`];
  return [];
}

function jobProblems(path, name, job, jobs, known) {
  const problems = [];
  if (job.permissions === undefined) problems.push('says no permissions');
  const writes = Object.entries(job.permissions ?? {}).filter(([, access]) => access === 'write');
  for (const [permission] of writes)
    if (!MAY_WRITE[path]?.[name]?.includes(permission)) problems.push(`may not have ${permission}: write`);
  if (job.uses !== undefined) return problems;
  if (job['timeout-minutes'] === undefined) problems.push('has no timeout-minutes');
  const commands = job.steps.map(({ run }) => run ?? '').join('\n');
  if (job.permissions?.['id-token'] === 'write') {
    if (job.environment !== 'npm') problems.push('publishes outside the environment npm');
    if (/\b(build|test|exec|npx)\b/.test(commands))
      problems.push('runs more than it has to where it may publish');
    if (/cache|actions\/node/.test(job.steps.map(({ uses }) => uses ?? '').join('\n')))
      problems.push('publishes what comes from a cache');
    if (!job.steps.some(({ env }) => env?.NPM_CONFIG_PROVENANCE === 'true'))
      problems.push('publishes without provenance');
  }
  problems.push(...stepsProblems(job.steps, known), ...neededProblems(job, jobs));
  for (const [output, value] of Object.entries(job.outputs ?? {}))
    problems.push(
      ...outputProblems(`${value}`, job.steps, known).map((problem) => `output ${output}: ${problem}`),
    );
  return problems;
}

function stepsProblems(steps, known) {
  return steps.flatMap((step) => {
    const problems = outputProblems(JSON.stringify(step), steps, known);
    if (GIVEN_BY_OTHERS.test(step.run ?? ''))
      problems.push(`'${step.run}' has a text of others in it: hand it on in env`);
    if (step.uses === undefined) return problems;
    const [action] = step.uses.split('@');
    const { inputs, required } = known.local[action] ?? known.actions[action] ?? {};
    if (inputs === undefined) return [...problems, `${action} is unknown`];
    const given = Object.keys(step.with ?? {});
    for (const input of given)
      if (!inputs.includes(input)) problems.push(`${action} has no input '${input}'`);
    for (const input of required)
      if (!given.includes(input)) problems.push(`${action} is not given '${input}'`);
    if (action === 'actions/checkout' && step.with?.['persist-credentials'] !== false)
      problems.push('actions/checkout leaves its token behind: persist-credentials: false');
    if (action.startsWith('changesets/action') && step.env?.GITHUB_TOKEN !== undefined)
      problems.push(`${action} does not read GITHUB_TOKEN: github-token is its input`);
    return problems;
  });
}

/** `steps.ID.outputs.NAME` that nothing gives. */
function outputProblems(text, steps, known) {
  return [...text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)].flatMap(([whole, id, name]) => {
    const step = steps.find((one) => one.id === id);
    if (step === undefined) return [`${whole}: no step has the id`];
    const outputs = known.actions[step.uses?.split('@')[0]]?.outputs;
    return outputs === undefined || outputs.includes(name) ? [] : [`${whole}: the action has no such output`];
  });
}

/** `needs.JOB.outputs.NAME` of a job that is not waited for, or that has no such output. */
function neededProblems(job, jobs) {
  const waited = [job.needs ?? []].flat();
  const problems = waited
    .filter((name) => jobs[name] === undefined)
    .map((name) => `needs ${name}, which is none`);
  for (const [whole, name, output] of JSON.stringify(job).matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
    if (!waited.includes(name)) problems.push(`${whole}: ${name} is not waited for`);
    else if (jobs[name]?.outputs?.[output] === undefined) problems.push(`${whole}: no such output`);
  }
  return problems;
}
