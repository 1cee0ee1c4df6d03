/** What `@types/k6` leaves out of `k6/html`: it is added there, which takes an import. */
import 'k6/html';

declare module 'k6/html' {
  interface Element {
    /** The element alone. */
    selection(): Selection;
  }

  interface Selection {
    /** These, and those that a selector finds in the document, or that are given. */
    add(what: string | Selection | Element): Selection;
    /** Position among the siblings, or in what is given; -1 for none. */
    index(what?: string | Selection | Element): number;
  }
}
