import type { WaitingCommand } from './address.ts';

/**
 * Sends the browser to the command that listens on this machine, as a form: a navigation needs no permission to reach the local
 * network, and the secrets travel in a body, never in an address.
 */
export function leaveFor({ port, token }: WaitingCommand, pageSecret: string): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = `http://127.0.0.1:${port}/`;
  form.append(hidden('pageSecret', pageSecret), hidden('token', token));
  document.body.append(form);
  form.submit();
}

function hidden(name: string, value: string): HTMLInputElement {
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = name;
  field.value = value;
  return field;
}
