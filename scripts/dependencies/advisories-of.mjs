import { satisfies } from 'semver';

/** From least to most. */
export const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'];

/**
 * Versions of every package that a lock file of pnpm has from a registry.
 *
 * @param {{ packages: Record<string, unknown> }} lock
 * @returns {Record<string, string[]>} by name
 */
export function lockedVersions({ packages }) {
  const versions = {};
  for (const key of Object.keys(packages)) {
    const at = key.lastIndexOf('@');
    const version = key.slice(at + 1);
    // What comes from elsewhere has an address for a version.
    if (at < 1 || !/^\d/.test(version)) continue;
    versions[key.slice(0, at)] ??= [];
    versions[key.slice(0, at)].push(version);
  }
  return versions;
}

/**
 * What a registry's answer says against the versions that were asked about, the worst first.
 *
 * @param {Record<string, string[]>} versions of `lockedVersions`
 * @param {Record<string, { url: string, title: string, severity: string, vulnerable_versions: string }[]>} answer
 */
export function advisoriesOf(versions, answer) {
  return Object.entries(answer)
    .flatMap(([name, advisories]) =>
      advisories.map(({ url, title, severity, vulnerable_versions: range }) => ({
        name,
        versions: (versions[name] ?? []).filter((version) =>
          satisfies(version, range, { includePrerelease: true }),
        ),
        severity,
        title,
        url,
      })),
    )
    .filter((advisory) => advisory.versions.length > 0)
    .sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
}
