/** "1 certificate", "2 certificates". */
export function certificateCount(count: number): string {
  return `${count} certificate${count === 1 ? '' : 's'}`;
}
