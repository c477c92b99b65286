/** `uses: OWNER/NAME[/FOLDER]@COMMIT # vVERSION`, line by line. */
const USES = /^\s*(?:- )?uses:\s*(\S+)[ \t]*(?:#[ \t]*(\S+))?/gm;

/** What a workflow's text uses, without what lies in this repository. */
export function pinsOf(text) {
  return [...text.matchAll(USES)]
    .map(([, uses, version]) => {
      const [action, commit] = uses.split('@');
      return { uses, action, commit, version };
    })
    .filter(({ uses }) => !uses.startsWith('./'));
}

/**
 * What actions take and give, from their own action.yml.
 *
 * @param pins of `pinsOf`
 * @param {(repository: string, commit: string, path: string) => Promise<string>} readFile of a repository at a commit
 * @param {(text: string) => any} parse YAML
 */
export async function readActions(pins, readFile, parse) {
  const actions = {};
  for (const { action, commit, version } of pins.toSorted((a, b) => (a.action < b.action ? -1 : 1))) {
    const [owner, name, ...folder] = action.split('/');
    const text = await readFile(`${owner}/${name}`, commit, [...folder, 'action.yml'].join('/'));
    const { inputs = {}, outputs = {} } = parse(text);
    actions[action] = {
      commit,
      version,
      inputs: Object.keys(inputs),
      required: Object.keys(inputs).filter(
        (input) => inputs[input].required === true && inputs[input].default === undefined,
      ),
      outputs: Object.keys(outputs),
    };
  }
  return actions;
}
