/** Blocks of a README that an HTML comment `<!-- runs -->` stands before: they run in Node as they are. */
export function runnableExamples(markdown) {
  const blocks = markdown.matchAll(/<!-- runs -->\n+```(ts|js)\n([\s\S]*?)```/g);
  return [...blocks].map(([, language, source]) => ({ extension: language, source }));
}
