/** What is wrong with a roster file, and where. */
export interface Fault {
  readonly code: FaultCode;
  /** From 1 on, as editors count. */
  readonly line: number;
  readonly column: number;
  /** Where in the structure, like `people.alice.logins.0`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export type FaultCode =
  | 'too-large'
  | 'too-deep'
  | 'not-utf8'
  | 'bad-yaml'
  | 'alias'
  | 'duplicate-name'
  | 'bad-structure'
  | 'unknown-field'
  | 'bad-name'
  | 'reserved-name'
  | 'name-clash'
  | 'unknown-role'
  | 'unknown-host'
  | 'unknown-person'
  | 'bad-lifetime'
  | 'bad-time'
  | 'bad-address'
  | 'bad-key'
  | 'key-has-role'
  | 'bad-certificate'
  | 'bad-approvals'
  | 'bad-sudo-ca';

/** `roster.yaml:12:7: people.alice.roles.0: there is no role "enginer"` */
export function formatFault(fault: Fault, fileName: string): string {
  const place = fault.path === '' ? '' : `${fault.path}: `;
  return `${fileName}:${fault.line}:${fault.column}: ${place}${fault.message}`;
}
