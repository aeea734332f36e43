import { describe, expect, it } from "vitest";
import { apiBase } from "./config";
import { problemOf } from "./problem";
import { Reads } from "./reads";

const KIND = { "content-type": "application/problem+json" };

describe("a problem", () => {
  it("is told by its status, with the API's words, the request and the wait", async () => {
    const body = JSON.stringify({ detail: "tente de novo", instance: "urn:uuid:7" });
    const problem = await problemOf(new Response(body, { status: 503, headers: { ...KIND, "retry-after": "5" } }));
    expect([problem.kind, problem.detail, problem.requestId, problem.retryAfter]).toEqual([
      "unavailable",
      "tente de novo",
      "7",
      5,
    ]);
  });

  it("need not be a document of problems", async () => {
    const answers = [
      new Response("<html>", { status: 502 }),
      new Response("{", { status: 500, headers: KIND }),
      new Response("[]", { status: 418, headers: { ...KIND, "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" } }),
    ];
    for (const answer of answers) {
      const problem = await problemOf(answer);
      expect([problem.kind, problem.detail, problem.retryAfter]).toEqual(["fault", null, null]);
    }
  });
});

describe("the API's address", () => {
  const page = new URL("https://pagina.example/credito/app/");

  it("is relative to the page, or whole", () => {
    expect(apiBase({ api: "../" }, page).href).toBe("https://pagina.example/credito/");
    expect(apiBase({ api: "/api" }, page).href).toBe("https://pagina.example/api/");
    expect(apiBase({ api: "https://api.example/v" }, page).href).toBe("https://api.example/v/");
  });

  it("is an address of the web, and is said", () => {
    for (const config of [null, {}, { api: 1 }, "x", { api: "javascript:alert(1)" }]) {
      expect(() => apiBase(config, page)).toThrow(TypeError);
    }
  });
});

describe("what was read", () => {
  it("is read once, and again after it failed or was forgotten", async () => {
    const reads = new Reads();
    let asked = 0;
    const count = async () => {
      asked += 1;
      return asked;
    };
    expect([await reads.get("a", count), await reads.get("a", count)]).toEqual([1, 1]);
    reads.forget("a");
    expect(await reads.get("a", count)).toBe(2);
    await expect(reads.get("b", () => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await reads.get("b", count)).toBe(3);
  });
});
