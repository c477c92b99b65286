// What npm shows of a package beside its README, derived from release.json alone.

/** A GitHub user or organisation, and a repository's name. */
const OWNER = /^[A-Za-z0-9](?:-?[A-Za-z0-9])*$/;
const REPOSITORY = /^[\w.-]+$/;

/** `npm pack` and `npm publish` would leave `workspace:` ranges in the tarball. */
const PREPACK = 'node ../../scripts/release/only-pnpm-packs.mjs';

/**
 * A manifest with the fields that all published packages take from release.json.
 *
 * @param manifest of the package
 * @param {{ owner: string, repository: string, author: string, keywords: string[], keywordsOf: Record<string, string[]> }} settings
 *   release.json
 * @param {string} directory of the package in the repository: packages/core
 */
export function withReleaseFields(manifest, settings, directory) {
  const { owner, repository, author, keywords, keywordsOf } = settings;
  if (!OWNER.test(owner)) throw new Error(`release.json: owner '${owner}' is no name of a GitHub account`);
  if (!REPOSITORY.test(repository))
    throw new Error(`release.json: repository '${repository}' is no name of a GitHub repository`);
  const own = keywordsOf[directory];
  if (own === undefined) throw new Error(`release.json: keywordsOf has no '${directory}'`);
  const page = `https://github.com/${owner}/${repository}`;
  const { name, version, description, license, ...others } = manifest;
  for (const field of ['keywords', 'homepage', 'bugs', 'repository', 'funding', 'author'])
    delete others[field];
  // Provenance is asked for by the workflow: a setting here would win over its environment, and what is published by
  // hand has none.
  others.publishConfig = { ...manifest.publishConfig, access: 'public', provenance: undefined };
  others.scripts = { ...manifest.scripts, prepack: PREPACK };
  return {
    name,
    version,
    description,
    keywords: [...new Set([...keywords, ...own])],
    homepage: `${page}/tree/main/${directory}#readme`,
    bugs: { url: `${page}/issues` },
    repository: { type: 'git', url: `git+${page}.git`, directory },
    funding: { type: 'github', url: `https://github.com/sponsors/${owner}` },
    license,
    author: `${author} (${page}/graphs/contributors)`,
    ...others,
  };
}
