/** Which addresses an authority may have. */

/**
 * Over https; over http only where browsers make the same exception and do WebAuthn: `localhost` and names below it. Never
 * the address of a machine, loopback included: WebAuthn takes only names as RP id.
 */
export function mayBeAuthority({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return protocol === 'http:' && (hostname === 'localhost' || hostname.endsWith('.localhost'));
}

/** Whether the text is the origin of one, exactly as browsers write it. */
export function isAuthorityOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.origin === text && mayBeAuthority(url);
}
