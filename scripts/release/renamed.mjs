/** Whether npm takes it as a scope. */
export function isScope(name) {
  return /^@[a-z0-9~-][a-z0-9._~-]*$/.test(name ?? '');
}

/** A text in which a scope of npm has another name; what only begins with it, or is the end of an address, stays. */
export function renamed(text, from, to) {
  const escaped = from.replace(/[.~-]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w.@-])${escaped}(?![\\w~-])`, 'g'), to);
}
