/** A page's heading: takes the focus when the page opens, so that a screen reader and the keyboard begin there. */

import { type ReactNode, useEffect, useRef } from "react";

export function PageHeading({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · escore`;
  }, [title]);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
