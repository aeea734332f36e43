/** Which page is open, in the address's fragment, which no server sees: `#/consumidor/ID`, an id and never a CPF. */

import { useEffect, useState } from "react";

const CONSUMER = /^#\/consumidor\/(.+)$/;

export function linkTo(id: string): string {
  return `#/consumidor/${encodeURIComponent(id)}`;
}

/** Returns the id of the consumer whose page a fragment names; null for the search. */
export function consumerIn(fragment: string): string | null {
  const named = CONSUMER.exec(fragment)?.[1];
  try {
    return named === undefined ? null : decodeURIComponent(named);
  } catch {
    return null;
  }
}

/** Returns the same of the present address, and follows it. */
export function useConsumerInPlace(): string | null {
  const [id, setId] = useState(() => consumerIn(location.hash));
  useEffect(() => {
    const follow = () => setId(consumerIn(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return id;
}
