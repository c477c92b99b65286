/** Licences that ask for no more than their text beside the code. */
const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
  'Zlib',
];

/** Others, each for packages that are used as they come, as a library of their own. */
const BY_PACKAGE = {
  'LGPL-3.0-or-later': [/^@img\/sharp-/],
  'MPL-2.0': [/^lightningcss(-|$)/],
};

/** Whether a package may be depended on under an SPDX expression: AND binds closer than OR, parentheses closest. */
export function isAllowed(expression, name) {
  const words = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let ok = both();
    while (words[at] === 'OR') {
      at++;
      // Read in any case: what stands behind it is checked on.
      ok = both() || ok;
    }
    return ok;
  };
  const both = () => {
    let ok = one();
    while (words[at] === 'AND') {
      at++;
      ok = one() && ok;
    }
    return ok;
  };
  const one = () => {
    const word = words[at++];
    if (word !== '(')
      return PERMISSIVE.includes(word) || (BY_PACKAGE[word] ?? []).some((of) => of.test(name));
    const ok = either();
    return words[at++] === ')' && ok;
  };
  return either() && at === words.length;
}
