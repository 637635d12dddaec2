import { pieces } from "./links";

const links = (text: string): string[] => pieces(text).flatMap((piece) => (piece.href === undefined ? [] : [piece.href]));

test("a text stays whole, whatever is a link in it", () => {
  for (const text of ["", "plain", "see https://a.example/x?y=1&z=2, please.", "a@b.example or http://c.example!"]) {
    expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
  }
});

test("only web and mail addresses become links", () => {
  expect(links("https://a.example/x?y=1")).toEqual(["https://a.example/x?y=1"]);
  expect(links("write to me@shop.example.com")).toEqual(["mailto:me@shop.example.com"]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example", "<a href=x>y</a>"]) {
    expect(links(text)).toEqual([]);
  }
});

test("a sentence's own signs are not of the address, its brackets are", () => {
  expect(links("look (https://a.example/b).")).toEqual(["https://a.example/b"]);
  expect(links("https://a.example/x_(y)")).toEqual(["https://a.example/x_(y)"]);
  expect(links('"https://a.example/b"')).toEqual(["https://a.example/b"]);
});

test("an address with somebody's name in it is no link, since it looks like another site", () => {
  expect(links("https://bank.example@evil.example/")).toEqual([]);
});
