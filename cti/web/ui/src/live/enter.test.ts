import { expect, test } from "vitest";

import { entered } from "./enter";

const good = { number: "+79165550001", may_be_called: true };
const none = { number: "", may_be_called: false };

test("Enter pressed before the check is back waits for it, and then calls", async () => {
  let answer: (found: typeof good) => void = () => undefined;
  const coming = entered(() => "8 916 555-00-01", () => new Promise<typeof good>((resolve) => (answer = resolve)));
  let done = false;
  void coming.then(() => (done = true));
  await Promise.resolve();
  expect(done).toBe(false);
  answer(good);
  expect(await coming).toEqual({ call: "+79165550001", found: good });
});

test("the box that put the number in groups meanwhile has changed nothing", async () => {
  let typed = "89165550001";
  const check = (): Promise<typeof good> => {
    typed = "8 (916) 555-00-01";
    return Promise.resolve(good);
  };
  expect((await entered(() => typed, check))?.call).toBe("+79165550001");
});

test("what cannot be called is told, not called", async () => {
  expect(await entered(() => "112", () => Promise.resolve(none))).toEqual({ call: null, found: none });
});

test("a number that was changed meanwhile is not called", async () => {
  let typed = "89165550001";
  const check = (): Promise<typeof good> => {
    typed = "891655500012";
    return Promise.resolve(good);
  };
  expect(await entered(() => typed, check)).toBeNull();
});
