/**
 * Sends the browser to the command that listens on this machine, as a form: a navigation needs no permission to reach the local
 * network, and the secret travels in a body, never in an address.
 */
export function leaveFor(port: number, pageSecret: string): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = `http://127.0.0.1:${port}/`;
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = 'pageSecret';
  field.value = pageSecret;
  form.append(field);
  document.body.append(form);
  form.submit();
}
