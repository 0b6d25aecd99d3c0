/** Text from outside, made harmless for a terminal: no control characters, no direction marks, and not endless. */
export function printable(text: string, most = 500): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** The same for text of several lines, as ours may be. What goes into one of them from outside is made printable before. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line, 4000))
    .join('\n');
}
