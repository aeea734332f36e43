import { describe, expect, it } from "vitest";
import { isLikeCpf, maskCpf, readCpf } from "./cpf";

describe("a CPF", () => {
  it("is read with and without punctuation", () => {
    for (const text of ["52998224725", "529.982.247-25", " 529 982 247 25 "]) {
      expect(readCpf(text)).toBe("52998224725");
    }
  });

  it("is none with wrong check digits, one digit all over, other lengths or other signs", () => {
    for (const text of ["52998224724", "11111111111", "5299822472", "529982247250", "", "Maria", "٥٢٩٩٨٢٢٤٧٢٥"]) {
      expect(readCpf(text)).toBeNull();
    }
  });

  it("is told from a name", () => {
    expect([isLikeCpf("123.4"), isLikeCpf("Ana"), isLikeCpf("Ana 2"), isLikeCpf("")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("is shown by its middle digits", () => {
    expect(maskCpf("52998224725")).toBe("***.982.247-**");
  });
});
