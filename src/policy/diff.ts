export function formatRosterDiff(x: string): string {
  return x;
}
export function rosterDiff(_a: unknown, _b: unknown): string {
  return '';
}
