/** Which page is open, in the address's fragment, which no server sees: `#/consumidor/ID`, an id and never a CPF. */

import { useEffect, useState } from "react";

const CONSUMER = /^#\/consumidor\/(.+)$/;

export const MODEL = "#/modelo";

export type Place = { page: "search" } | { page: "consumer"; id: string } | { page: "model" };

export function linkTo(id: string): string {
  return `#/consumidor/${encodeURIComponent(id)}`;
}

/** Returns the page that a fragment names; the search for one that names none. */
export function placeIn(fragment: string): Place {
  if (fragment === MODEL) {
    return { page: "model" };
  }
  const named = CONSUMER.exec(fragment)?.[1];
  try {
    return named === undefined ? { page: "search" } : { page: "consumer", id: decodeURIComponent(named) };
  } catch {
    return { page: "search" };
  }
}

/** Opens the search in the present page's place, which then is in the browser's history no more. */
export function leavePlace(): void {
  history.replaceState(null, "", "#/");
  dispatchEvent(new HashChangeEvent("hashchange")); // which replaceState does not tell of
}

/** Returns the page that the present address names, and follows it. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeIn(location.hash));
  useEffect(() => {
    const follow = () => setPlace(placeIn(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return place;
}
