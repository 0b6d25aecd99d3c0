/** A fingerprint in groups that the eye can compare; copied text has no gaps. */
const GROUP = /.{1,8}/g;

export function Fingerprint({ value }: { readonly value: string }) {
  const [algorithm = '', digits = ''] = value.split(':');
  return (
    <code class="fingerprint">
      <span class="algorithm">{algorithm}:</span>
      {(digits.match(GROUP) ?? []).map((group, index) => (
        <span key={`${index}${group}`} class="group">
          {group}
        </span>
      ))}
    </code>
  );
}
