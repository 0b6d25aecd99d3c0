/** Ids of SSH security keys (`SHA256:…`) are none that a browser could ask for. */
export function browserCredentials(ids: readonly string[]): readonly string[] {
  return ids.filter((id) => !id.includes(':'));
}
