/** Fowler–Noll–Vo hash of a text, 32 bits, in hexadecimal: names ids after what a picture shows. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
