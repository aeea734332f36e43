import { describe, expect, it } from "vitest";
import { ofAHundred, plainName } from "./words";

describe("a probability", () => {
  it("speaks of whole people, and of nobody and everybody never", () => {
    expect([0, 0.0049, 0.005, 0.014, 0.5, 0.9949, 0.995, 1].map(ofAHundred)).toEqual([
      "few",
      "few",
      1,
      1,
      50,
      99,
      "most",
      "most",
    ]);
  });
});

describe("a name of the stores", () => {
  it("begins as a sentence does", () => {
    expect([plainName("uniao_estavel"), plainName(" água "), plainName("")]).toEqual(["Uniao estavel", "Água", ""]);
  });
});
