// What somebody is called of whom nothing is known, by the way he came: chats and mails have no numbers.
import type { Medium } from "../api/types";
import type { Key } from "../i18n/word";

/** A word and its values. */
export function strangerWord(medium: Medium, contactId: string): [Key, { n: string }] {
  const n = contactId.slice(1);
  if (medium === "chat") return ["chat.visitor_number", { n }];
  if (medium === "email") return ["pop.no_sender", { n }];
  if (medium === "task" || medium === "social") return ["pop.nobody", { n }];
  return ["pop.withheld", { n }];
}
