/** TypeScript blocks of a README that an HTML comment `<!-- runs -->` stands before: they run in Node as they are. */
export function runnableExamples(markdown) {
  return [...markdown.matchAll(/<!-- runs -->\n+```ts\n([\s\S]*?)```/g)].map(([, source]) => source);
}
