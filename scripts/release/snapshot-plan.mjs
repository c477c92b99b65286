import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Tags that say something else than a snapshot. */
const TAKEN = ['latest', 'next'];

/** What is wrong with the name of a snapshot, which becomes part of versions and a tag of npm; undefined: nothing. */
export function snapshotNameProblem(name) {
  if (TAKEN.includes(name)) return `'${name}' is the tag of releases, a snapshot needs another`;
  // npm takes no tag that reads as a range of versions: v1, x.
  if (!/^[a-z][a-z0-9-]*$/.test(name) || /^(v\d|x$)/.test(name))
    return `'${name}' is no name of a snapshot: small letters, digits and hyphens, a letter first, not like a version`;
  return undefined;
}

/** Gives every package of a packed plan one tag. */
export function tagPlan(folder, tag) {
  const file = join(folder, 'publish-plan.json');
  const plan = JSON.parse(readFileSync(file, 'utf8'));
  const releases = plan.version === 1 ? plan.plan.flat() : [];
  if (!releases.some((release) => release.kind === 'publish' && release.version.includes(`-${tag}-`)))
    throw new Error(`${file} has no snapshot '${tag}' in a form that is known here`);
  for (const release of releases) if (release.kind === 'publish') release.tag = tag;
  writeFileSync(file, JSON.stringify(plan, undefined, 2));
}
