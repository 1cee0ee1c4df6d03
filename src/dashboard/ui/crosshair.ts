/** The interval that all charts point at. */
export class Crosshair {
  index: number | undefined;
  readonly #listeners = new Set<() => void>();

  set(index: number | undefined): void {
    if (index === this.index) return;
    this.index = index;
    for (const onMove of this.#listeners) onMove();
  }

  subscribe(onMove: () => void): () => void {
    this.#listeners.add(onMove);
    return () => this.#listeners.delete(onMove);
  }
}
