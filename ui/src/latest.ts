/**
 * Sends values one at a time and in order; of those that come while one is on its way only the newest is sent.
 * After a failure the next value is sent as usual.
 */
export class Latest<T> {
  private busy = false;
  private waiting: { value: T } | null = null;

  constructor(private readonly send: (value: T) => Promise<unknown>, private readonly failed: (problem: unknown) => void) {}

  /** Send a value now, or as soon as the one on its way has arrived. */
  keep(value: T): void {
    this.waiting = { value };
    if (!this.busy) void this.run();
  }

  /** Send what waits at once, beside the one on its way: for a page that is about to go. */
  flush(): void {
    if (this.waiting === null) return;
    const { value } = this.waiting;
    this.waiting = null;
    void this.send(value).catch(this.failed);
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.waiting !== null) {
      const { value } = this.waiting;
      this.waiting = null;
      await this.send(value).catch(this.failed);
    }
    this.busy = false;
  }
}
