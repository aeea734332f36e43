import { expect, test } from "vitest";
import { linkTo, placeIn } from "./place";

test("a consumer's link leads to that consumer, whatever the id holds", () => {
  for (const id of ["7035981e-4998-5f17-bdbc-c8d45d595e30", "a/b?c#d%"]) {
    expect(placeIn(linkTo(id))).toEqual({ page: "consumer", id });
  }
});

test("the model has a page, and everything else leads to the search", () => {
  expect(placeIn("#/modelo")).toEqual({ page: "model" });
  for (const fragment of ["", "#", "#/", "#/consumidor/", "#/consumidor/%E0", "#/modelo/x"]) {
    expect(placeIn(fragment)).toEqual({ page: "search" });
  }
});
