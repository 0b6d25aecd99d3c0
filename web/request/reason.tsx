/** Why somebody asks, in their own words: a quotation, so that it is not taken for ours. */
export function Reason({ person, reason }: { readonly person: string; readonly reason: string }) {
  return (
    <section aria-labelledby="why">
      <h2 id="why">Why</h2>
      {reason === '' ? (
        <p>{person} gave no reason.</p>
      ) : (
        <blockquote class="reason">
          <p>{reason}</p>
        </blockquote>
      )}
    </section>
  );
}
