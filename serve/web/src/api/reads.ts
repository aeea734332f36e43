/** What was read of one consumer while their page is open: each part once, for every read is recorded. */

export class Reads {
  private readonly kept = new Map<string, Promise<unknown>>();
  private readonly ending = new AbortController();

  /** Returns a part, read now or before; a read that failed is not kept. */
  get<T>(name: string, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const known = this.kept.get(name);
    if (known !== undefined) {
      return known as Promise<T>;
    }
    const made = read(this.ending.signal);
    this.kept.set(name, made);
    made.catch(() => this.forget(name));
    return made;
  }

  forget(name: string): void {
    this.kept.delete(name);
  }

  /** Drops everything, and what is on its way. */
  close(): void {
    this.kept.clear();
    this.ending.abort();
  }
}
