/** Where the API is: `config.json` beside the page says so at run time, relative to the page or in full. */

export async function loadApiBase(page: URL = new URL(document.baseURI)): Promise<URL> {
  const answer = await fetch(new URL("config.json", page), { cache: "no-cache", credentials: "omit" });
  const body: unknown = answer.ok ? await answer.json() : null;
  return apiBase(body, page);
}

/** Returns the API's address, always ending in a slash; TypeError if the file does not say one. */
export function apiBase(config: unknown, page: URL): URL {
  const api = typeof config === "object" && config !== null ? (config as { api?: unknown }).api : undefined;
  if (typeof api !== "string") {
    throw new TypeError("config.json: api");
  }
  const base = new URL(api.endsWith("/") ? api : `${api}/`, page);
  if (base.protocol !== "https:" && base.protocol !== "http:") {
    throw new TypeError("config.json: api");
  }
  return base;
}
